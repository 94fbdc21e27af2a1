"""Pydantic AI: a capability that asks a session before every call of a tool.

    agent = Agent(model, tools=[...], capabilities=[PydanticAICapability(session)], output_type=[str, DeferredToolRequests])

- A call that may not run fails with the reason (`ToolFailed`), which the model reads.
- An escalated call is deferred: it stands in the run's `DeferredToolRequests`, and runs when the next run gets it back approved
  (`deferred_tool_results`). An agent without that output type needs `asks=False`.
- Calls are judged with the arguments as the model wrote them. The capability stands innermost: another one that changes arguments
  does so before.
- A conversation is what the framework calls one (`conversation_id`): give a function that makes a session for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from pydantic_ai import RunContext
from pydantic_ai.capabilities import AbstractCapability, CapabilityOrdering
from pydantic_ai.exceptions import ApprovalRequired, ToolFailed
from pydantic_ai.messages import ModelResponse, ToolCallPart

from gatling.adapters.plain import plain_message
from gatling.errors import InputError
from gatling.integrations.call import Call, Heard, ModelSaid, faulty, of_one_message, question_of
from gatling.integrations.gate import Gates, SessionSource
from gatling.provenance.events import Event, Foreign, Result, Said

_SILENT = frozenset(
    {"thinking", "tool-call", "file", "instruction-digest", "instruction-baseline", "model-settings-delta"}
)
"""Parts that say nothing to anybody; calls are judged when they are about to run."""
_OF_OTHERS = frozenset({"builtin-tool-call", "builtin-tool-return", "compaction", "retry-feedback"})


class PydanticAICapability(AbstractCapability[Any]):
    """Asks a session before every call of a tool.

    Args:
        session: of the conversation; or a function that makes one for each, by its id.
        asks: ask a person by deferring where a call is escalated; else the model is told that one has to approve it.
    """

    def __init__(self, session: SessionSource, *, asks: bool = True) -> None:
        self._gates = Gates(session)
        self._asks = asks

    def get_ordering(self) -> CapabilityOrdering:
        return CapabilityOrdering(position="innermost")

    async def before_tool_execute(
        self, ctx: RunContext[Any], *, call: ToolCallPart, tool_def: Any, args: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the arguments to run with. Raises: ToolFailed or ApprovalRequired if the call may not run."""
        wanted = Call(call.tool_name, call.args, call.tool_call_id)
        try:
            wanted = _call(call)
            gate, messages = self._gates.of(ctx.conversation_id or ""), list(ctx.messages)
            decision = await gate.ajudge(wanted, partial(_history, messages), _siblings(wanted, messages))
            if decision.pending and not decision.is_allowed and ctx.tool_call_approved:
                decision = await gate.aafter_word(wanted, True, "approval of the run")
            if decision.is_allowed and decision.arguments is not None and plain_message(args, "args") != args:
                raise InputError("arguments that are no plain data cannot be replaced by the repaired ones")
        except Exception as error:
            decision = faulty(wanted, error)
        if decision.is_allowed:
            return args if decision.arguments is None else decision.arguments
        if decision.pending and self._asks:
            raise ApprovalRequired(metadata=question_of(wanted, decision))
        raise ToolFailed(decision.text_for_agent)

    async def after_tool_execute(
        self, ctx: RunContext[Any], *, call: ToolCallPart, tool_def: Any, args: dict[str, Any], result: Any
    ) -> Any:
        """Return the result, or why it is withheld."""
        return self._gates.of(ctx.conversation_id or "").took(call.tool_call_id, result)


def _call(part: ToolCallPart) -> Call:
    return Call(part.tool_name, part.args_as_dict(raise_if_invalid=True), part.tool_call_id)


def _siblings(call: Call, messages: list[Any]) -> list[Call]:
    last = next((message for message in reversed(messages) if isinstance(message, ModelResponse)), None)
    parts = [] if last is None else last.parts
    return of_one_message(call, [_call(part) for part in parts if isinstance(part, ToolCallPart)])


def _history(messages: Iterable[Any]) -> Iterator[Heard]:
    for message in messages:
        if instructions := getattr(message, "instructions", None):
            yield Heard(f"instructions {instructions}", partial(_said, instructions, is_user=False))
        for part in message.parts:
            key = f"{part.part_kind} {getattr(part, 'tool_call_id', '')} {getattr(part, 'content', '')!r}"
            yield Heard(key, partial(_events, part))


def _said(text: str, *, is_user: bool) -> list[Event]:
    return [Said(text, is_user=is_user)]


def _events(part: Any) -> Iterator[Event | ModelSaid]:
    kind = part.part_kind
    if kind == "system-prompt":
        yield Said(part.content, is_user=False)
    elif kind == "user-prompt":
        pieces = [part.content] if isinstance(part.content, str) else part.content
        for piece in pieces:  # the others are media
            text = piece if isinstance(piece, str) else getattr(piece, "content", None)
            if isinstance(text, str):
                yield Said(text, is_user=True)
    elif kind == "tool-return":
        yield Result(part.tool_call_id, part.tool_name, [part.content], False, "messages")
    elif kind == "retry-prompt":
        yield Result(part.tool_call_id, part.tool_name, [part.model_response()], False, "messages")
    elif kind == "text":
        yield ModelSaid(part.content)
    elif kind in _OF_OTHERS:
        yield Foreign({kind: getattr(part, "content", getattr(part, "args", None))})
    elif kind not in _SILENT:
        raise InputError(f"a part of the kind {kind!r} is not known, and it may hold a call", path="messages")
