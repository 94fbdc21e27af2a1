"""What a framework proposes and shows, in one form for all adapters: calls, messages, and what people answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from gatling.adapters.formats import events
from gatling.adapters.stated import text_of_the_model
from gatling.errors import InputError
from gatling.guard import Decision
from gatling.guard.decision import denial, fault_of, shown_reason
from gatling.provenance.events import Event
from gatling.schema.plain import canonical_json


@dataclass(frozen=True, slots=True)
class Call:
    """A call as a framework proposes it."""

    tool_name: str
    arguments: Any
    call_id: str | None = None

    @classmethod
    def of_text(cls, tool_name: str, arguments: str, call_id: str | None) -> Call:
        """Read the arguments; text that is no JSON stays text, and is refused when it is judged."""
        try:
            return cls(tool_name, json.loads(arguments or "{}"), call_id)
        except ValueError:
            return cls(tool_name, arguments, call_id)

    def is_as(self, other: Call) -> bool:
        return self.tool_name == other.tool_name and canonical_json(self.arguments) == canonical_json(other.arguments)


@dataclass(frozen=True, slots=True)
class ModelSaid:
    """Text of the model to the user."""

    text: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A message of a framework's history.

    Args:
        key: equal for equal messages; what tells a message that was told already.
        read: returns what the message holds.
    """

    key: str
    read: Callable[[], Iterable[Event | ModelSaid]]


def word_of(answer: Any, by: str) -> tuple[bool, str]:
    """Read a person's answer: True, False, or `{"approved": ..., "by": ...}`; return it, and whose it is. Raises: InputError."""
    approved, by = (answer.get("approved"), answer.get("by", by)) if isinstance(answer, dict) else (answer, by)
    if not isinstance(approved, bool) or not isinstance(by, str):
        raise InputError("the answer is none: wanted True, False, or {'approved': ..., 'by': ...}")
    return approved, by


def faulty(call: Call, error: Exception) -> Decision:
    """Return the denial of a call about which something in an adapter went wrong. It counts in every mode."""
    return replace(denial(fault_of(error)), tool_name=str(call.tool_name))


def of_one_message(call: Call, calls: Iterable[Call]) -> list[Call]:
    """Return the calls of a message if one of them is that call, else none: they are judged together with it."""
    found = list(calls)
    return found if any(one.call_id == call.call_id for one in found) else []


def question_of(call: Call, decision: Decision) -> dict[str, Any]:
    """Return what a person is shown who has to decide, as plain data."""
    reasons = [shown_reason(reason) for reason in decision.reasons]
    return {"id": decision.pending, "tool_name": call.tool_name, "arguments": call.arguments, "reasons": reasons}


def of_format(message: Any, format: str) -> Iterator[Event | ModelSaid]:
    """Read a message of a format that `gatling.adapters` knows. Raises: InputError if it cannot be read."""
    yield from events(message, 0, format)
    if stated := text_of_the_model(message):
        yield ModelSaid(stated)
