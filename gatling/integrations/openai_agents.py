"""OpenAI Agents SDK: an agent whose function tools ask a session before they run.

    agent = OpenAIAgentsGuard(session).protect(agent)
    result = await Runner.run(agent, "Read report.txt.")

- A call that may not run returns the reason in place of an output.
- An escalated call needs the SDK's own approval: it stands in `result.interruptions`, and `state.approve(...)` lets this one call
  run. A word for all later calls of a tool (`always_approve=True`) does not count.
- Agents that it hands off to are protected, too. One that is a tool of another (`as_tool`) has to be protected before, by a
  guard of its own on `session.child(...)`.
- What runs at the vendor or on an MCP server passes no function of ours: such a tool or server is refused, unless it is named in
  `ungated`.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from agents import Agent, AgentHooks, FunctionTool, Handoff
from pydantic import BaseModel

from gatling.adapters.plain import plain_message
from gatling.errors import ConfigError
from gatling.guard import Session
from gatling.integrations.call import Call, Heard, of_format
from gatling.integrations.gate import Gate
from gatling.provenance.events import Said
from gatling.schema.plain import canonical_json


class OpenAIAgentsGuard:
    """Protects the agents of one conversation.

    Args:
        session: of the conversation.
        asks: ask a person by an approval where a call is escalated; else the model is told that one has to approve it.
        ungated: names of hosted tools and of MCP servers that an agent may have although nobody judges their calls.
    """

    def __init__(self, session: Session, *, asks: bool = True, ungated: Iterable[str] = ()) -> None:
        self.gate = Gate(session)
        self._asks = asks
        self._ungated = frozenset(ungated)
        self._protected: dict[int, tuple[Any, Any]] = {}
        """By the id of an agent: the agent, so that it lives on, and its protected copy."""
        self._asked: set[str] = set()
        """Ids of the calls that a person was asked about."""
        self._siblings: list[Call] = []

    def protect(self, agent: Any) -> Any:
        """Return a copy of an agent whose tools ask first. Raises: ConfigError for a tool that cannot be made to ask."""
        if not isinstance(agent, Agent):
            raise ConfigError(f"a {type(agent).__name__}, wanted an Agent")
        if id(agent) in self._protected:
            return self._protected[id(agent)][1]
        for server in agent.mcp_servers:
            self._refuse(f"the MCP server {server.name!r}", server.name)
        copy = agent.clone(hooks=_Hooks(self, agent.hooks))
        self._protected[id(agent)] = self._protected[id(copy)] = (agent, copy)
        copy.tools = [self._gated(tool) for tool in agent.tools]
        copy.handoffs = [
            _handed_over(self, item) if isinstance(item, Handoff) else self.protect(item) for item in agent.handoffs
        ]
        return copy

    def proposed(self, output: Iterable[Any]) -> None:
        """Take an answer of the model: the calls that are judged together."""
        self._siblings = [
            Call.of_text(item.name, item.arguments, item.call_id) for item in output if item.type == "function_call"
        ]

    def _refuse(self, what: str, name: str) -> None:
        if name not in self._ungated:
            raise ConfigError(f"{what} passes no guard: leave it out, or name it in ungated={[name]}")

    def _gated(self, tool: Any) -> Any:
        if not isinstance(tool, FunctionTool):
            self._refuse(f"the tool {getattr(tool, 'name', type(tool).__name__)!r}", getattr(tool, "name", ""))
            return tool
        inner = getattr(tool, "_agent_instance", None)
        if inner is not None and not isinstance(inner.hooks, _Hooks):
            raise ConfigError(f"the agent behind the tool {tool.name!r} is not protected: do so before as_tool")
        return dataclasses.replace(
            tool, on_invoke_tool=partial(self._invoke, tool), needs_approval=partial(self._needs_approval, tool)
        )

    async def _needs_approval(self, tool: Any, context: Any, arguments: dict[str, Any], call_id: str) -> bool:
        call = Call(tool.name, arguments, call_id)
        decision = await self.gate.ajudge(call, list, self._siblings)  # the rest was told before the model was asked
        if decision.pending and not decision.is_allowed and self._asks:
            self._asked.add(call_id)
            return True
        own = tool.needs_approval
        own = own(context, arguments, call_id) if callable(own) else own
        return bool(await own if inspect.isawaitable(own) else own)

    async def _invoke(self, tool: Any, context: Any, arguments: str) -> Any:
        call = Call.of_text(tool.name, arguments, context.tool_call_id)
        if call.call_id not in self._asked and (refusal := self.gate.refused(call)) is not None:
            return refusal.text_for_agent
        decision = await self.gate.ajudge(call, list, self._siblings)
        if self.gate.waits_for_word(call) and call.call_id in self._asked:
            # The SDK calls this only if a person has approved it.
            decision = await self.gate.aafter_word(call, True, "approval of the run")
        if not decision.is_allowed:
            return decision.text_for_agent
        given = arguments if decision.arguments is None else json.dumps(decision.arguments)
        output = await tool.on_invoke_tool(context, given)
        is_data = output is None or isinstance(output, (str, int, float, dict, list, BaseModel))
        return self.gate.took(call.call_id, output if is_data else str(output), shown=output)


class _Hooks(AgentHooks):
    """Tells the guard what the model reads and answers, and then those who listened before."""

    def __init__(self, guard: OpenAIAgentsGuard, others: Any) -> None:
        self._guard = guard
        self._others = others if others is not None else AgentHooks()

    async def on_llm_start(self, context: Any, agent: Any, system_prompt: str | None, input_items: list[Any]) -> None:
        self._guard.gate.hear_or_lose(_history(system_prompt, input_items))
        await self._others.on_llm_start(context, agent, system_prompt, input_items)

    async def on_llm_end(self, context: Any, agent: Any, response: Any) -> None:
        self._guard.proposed(response.output)
        await self._others.on_llm_end(context, agent, response)

    def __getattribute__(self, name: str) -> Any:
        """The other hooks are those of whoever listened before."""
        own = name.startswith("_") or name in ("on_llm_start", "on_llm_end")
        return super().__getattribute__(name) if own else getattr(super().__getattribute__("_others"), name)


def _handed_over(guard: OpenAIAgentsGuard, handoff: Any) -> Any:
    async def invoke(context: Any, arguments: str) -> Any:
        return guard.protect(await handoff.on_invoke_handoff(context, arguments))

    return dataclasses.replace(handoff, on_invoke_handoff=invoke)


def _history(system_prompt: str | None, items: Iterable[Any]) -> Iterator[Heard]:
    if system_prompt:
        yield Heard(f"system {system_prompt}", lambda: [Said(system_prompt, is_user=False)])
    for item in items:
        yield Heard(canonical_json(plain_message(item, "input")), partial(of_format, item, "auto"))
