"""Google ADK: a plugin that asks a session before every call of a tool, of all agents of a runner.

    runner = Runner(agent=agent, app_name="app", session_service=sessions, plugins=[ADKPlugin(session)])

- A call that may not run is answered with `{"error": reason}`.
- An escalated call asks for the ADK's own confirmation of this call (`adk_request_confirmation`).
- It has to be the first plugin: another one that answers a call ends the chain. An agent's own `before_tool_callback` runs later,
  and must not change arguments.
- A conversation is a session of the ADK: give a function that makes one of ours for each id. An agent that is the tool of another
  runs in an ADK session of its own: its calls are denied, unless that function makes a child for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from google.adk.plugins import BasePlugin

from gatling.guard import Decision
from gatling.integrations.call import Call, Heard, faulty, of_format, of_one_message
from gatling.integrations.gate import Gate, Gates, SessionSource


class _Refusal(dict[str, Any]):
    """What the model reads in the place of a response; the framework calls it a result, too."""


class ADKPlugin(BasePlugin):
    """Asks a session before every call of a tool.

    Args:
        session: of the conversation; or a function that makes one for each, by the id of the ADK's session.
        asks: ask a person by a confirmation where a call is escalated; else the model is told that one has to approve it.
    """

    def __init__(self, session: SessionSource, *, asks: bool = True) -> None:
        super().__init__(name="gatling")
        self._gates = Gates(session)
        self._asks = asks

    async def before_tool_callback(
        self, *, tool: Any, tool_args: dict[str, Any], tool_context: Any
    ) -> dict[str, Any] | None:
        """Return None if the call may run, else what the model reads in place of a response."""
        call = Call(tool.name, dict(tool_args), tool_context.function_call_id)
        try:
            decision = await self._decided(call, tool_context)
        except Exception as error:
            decision = faulty(call, error)
        if not decision.is_allowed:
            return _Refusal(error=decision.text_for_agent)
        if decision.arguments is not None:
            tool_args.clear()
            tool_args.update(decision.arguments)
        return None

    async def _decided(self, call: Call, context: Any) -> Decision:
        gate: Gate = self._gates.of(context.session.id)
        contents = [event.content for event in context.session.events if event.content and not event.partial]
        decision = await gate.ajudge(call, partial(_history, contents), _siblings(call, contents))
        if not decision.pending or decision.is_allowed or not self._asks:
            return decision
        word = context.tool_confirmation
        if word is None:
            context.request_confirmation(hint=decision.text_for_agent, payload={"id": decision.pending})
            return decision
        return await gate.aafter_word(call, word.confirmed is True, "confirmation of the run")

    async def after_tool_callback(
        self, *, tool: Any, tool_args: dict[str, Any], tool_context: Any, result: Any
    ) -> dict[str, Any] | None:
        """Return None, or why the result is withheld."""
        if isinstance(result, _Refusal):  # nothing has run
            return None
        try:
            read = self._gates.of(tool_context.session.id).took(tool_context.function_call_id, result)
        except Exception as error:
            return {"error": faulty(Call(tool.name, {}), error).text_for_agent}
        return None if read is result else {"result": read}


def _siblings(call: Call, contents: Iterable[Any]) -> list[Call]:
    for content in reversed(list(contents)):
        found = [part.function_call for part in content.parts or () if part.function_call]
        if calls := of_one_message(call, [Call(one.name, dict(one.args or {}), one.id) for one in found]):
            return calls
    return []


def _history(contents: Iterable[Any]) -> Iterator[Heard]:
    for content in contents:
        yield Heard(repr(content), partial(of_format, content, "gemini"))
