"""LangChain and LangGraph: a middleware around every call of a tool.

    agent = create_agent(model, tools, middleware=[LangChainMiddleware(session)], checkpointer=InMemorySaver())

- A call that may not run is answered with a `ToolMessage` of the status `error` that says why.
- An escalated call interrupts the graph. `Command(resume=True)` lets it run, `Command(resume=False)` refuses it, and
  `{"approved": True, "by": "ann"}` says who decided. The framework runs the step anew then, and the session knows the call again.
- In a bare graph: `ToolNode(tools, wrap_tool_call=guard.wrap_tool_call, awrap_tool_call=guard.awrap_tool_call)`.
- A conversation is a thread: with a checkpointer give a function that makes a session for a `thread_id`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any, TypeAlias

from langchain.agents.middleware import AgentMiddleware
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langgraph.errors import GraphBubbleUp
from langgraph.prebuilt.tool_node import ToolCallRequest
from langgraph.types import interrupt

from gatling.errors import InputError
from gatling.guard import Decision
from gatling.integrations.call import Call, Heard, faulty, of_format, of_one_message, question_of, word_of
from gatling.integrations.gate import Gate, Gates, SessionSource

Outcome: TypeAlias = Any
"""A `ToolMessage`, or a `Command` of the graph."""


class LangChainMiddleware(AgentMiddleware):
    """Asks a session before every call of a tool.

    Args:
        session: of the conversation; or a function that makes one for each, by the thread's id.
        asks: ask a person by an interrupt where a call is escalated; else the model is told that one has to approve it.
    """

    def __init__(self, session: SessionSource, *, asks: bool = True) -> None:
        super().__init__()
        self._gates = Gates(session)
        self._asks = asks

    def wrap_tool_call(self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Outcome]) -> Outcome:
        """Run a call, or answer in its place."""
        call = _call(request)
        try:
            gate = self._gate(request)
        except Exception as error:
            return _refusal(request, faulty(call, error))
        decision = gate.judge(call, partial(_history, request), _siblings(call, request))
        if gate.waits_for_word(call) and self._asks:
            decision = _asked(gate, call, decision)
        if not decision.is_allowed:
            return _refusal(request, decision)
        return _read(gate, call, handler(_with(request, decision)))

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[Outcome]]
    ) -> Outcome:
        """The same, awaited."""
        call = _call(request)
        try:
            gate = self._gate(request)
        except Exception as error:
            return _refusal(request, faulty(call, error))
        decision = await gate.ajudge(call, partial(_history, request), _siblings(call, request))
        if gate.waits_for_word(call) and self._asks:
            decision = _asked(gate, call, decision)
        if not decision.is_allowed:
            return _refusal(request, decision)
        return _read(gate, call, await handler(_with(request, decision)))

    def _gate(self, request: ToolCallRequest) -> Gate:
        return self._gates.of(str(((request.runtime.config or {}).get("configurable") or {}).get("thread_id", "")))


def _call(request: ToolCallRequest) -> Call:
    return Call(request.tool_call["name"], request.tool_call["args"], request.tool_call["id"])


def _messages(state: Any) -> list[BaseMessage]:
    """Return the history. Raises: InputError where there is none."""
    found = state if isinstance(state, list) else None
    found = state.get("messages") if isinstance(state, dict) else getattr(state, "messages", found)
    if not isinstance(found, list) or not all(isinstance(message, BaseMessage) for message in found):
        raise InputError("the state of the graph has no list of messages, and without them nothing can be judged")
    return found


def _history(request: ToolCallRequest) -> Iterator[Heard]:
    for message in _messages(request.state):
        read = partial(of_format, message, "langchain")
        yield Heard(f"{message.type} {message.id} {message.content!r}", read)


def _siblings(call: Call, request: ToolCallRequest) -> Iterator[Call]:
    for message in reversed(_messages(request.state)):
        if isinstance(message, AIMessage):
            yield from of_one_message(call, [Call(c["name"], c["args"], c["id"]) for c in message.tool_calls])
            return


def _asked(gate: Gate, call: Call, decision: Decision) -> Decision:
    """Ask a person; return the decision after the answer. An interrupt ends this run of the step here."""
    try:
        answer = interrupt({"type": "gatling_approval", **question_of(call, decision)})
        return gate.after_word(call, *word_of(answer, "interrupt"))
    except GraphBubbleUp:
        raise
    except Exception as error:
        return faulty(call, error)


def _with(request: ToolCallRequest, decision: Decision) -> ToolCallRequest:
    """Return the request to run; a person may have chosen the repaired arguments."""
    if decision.arguments is None:
        return request
    return request.override(tool_call={**request.tool_call, "args": decision.arguments})


def _refusal(request: ToolCallRequest, decision: Decision) -> ToolMessage:
    return ToolMessage(
        content=decision.text_for_agent,
        name=request.tool_call["name"],
        tool_call_id=request.tool_call["id"],
        status="error",
    )


def _read(gate: Gate, call: Call, outcome: Outcome) -> Outcome:
    """Tell the session what the call returned; answer in its place where the session cannot read it."""
    if isinstance(outcome, ToolMessage):
        parts = [text for text in (outcome.content, outcome.artifact) if text is not None]
        output = outcome.content if len(parts) == 1 else parts
        read = gate.took(call.call_id, output, shown=outcome.content)
        return outcome if read is outcome.content else outcome.model_copy(update={"content": read, "artifact": None})
    read = gate.took(call.call_id, outcome.update if outcome.update is not None else "", shown=outcome)
    if read is outcome:
        return outcome
    return ToolMessage(content=str(read), tool_call_id=call.call_id, name=call.tool_name, status="error")
