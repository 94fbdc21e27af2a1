"""Tools as recorded calls use them: which there are, and what their arguments look like."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gatling.adapters.recorded import Conversation

_MAX_EXAMPLES = 8
_MAX_CHARS = 2_000


@dataclass(frozen=True, slots=True)
class KnownTools:
    """Arguments of some calls of each tool, in the order in which they were read."""

    examples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @classmethod
    def of(cls, conversations: Iterable[Conversation]) -> KnownTools:
        """Collect the calls of conversations; what is no call of Chat Completions is passed over."""
        found: dict[str, list[dict[str, Any]]] = {}
        for conversation in conversations:
            for message in conversation.messages:
                for call in (message.get("tool_calls") or ()) if isinstance(message, dict) else ():
                    _collect(call, found)
        return cls(found)

    def parameters(self, tool: str) -> frozenset[str]:
        """Return the names of the arguments that a tool was seen with."""
        return frozenset(name for arguments in self.examples.get(tool, ()) for name in arguments)


def _collect(call: Any, found: dict[str, list[dict[str, Any]]]) -> None:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        return
    examples = found.setdefault(function["name"], [])
    text = function.get("arguments")
    if len(examples) == _MAX_EXAMPLES or not isinstance(text, str) or len(text) > _MAX_CHARS:
        return
    try:
        arguments = json.loads(text)
    except (ValueError, RecursionError):
        return
    if isinstance(arguments, dict) and arguments not in examples:
        examples.append(arguments)
