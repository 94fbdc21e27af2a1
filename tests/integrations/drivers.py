"""Agents of every framework whose model is a script: each plays a talk with the guard in the place that its adapter gives it.

`play(name, talk, held)` returns the tools, which know what was really run. Nobody answers escalations here.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gatling.guard import Session
from gatling.hook.conversation import Conversation
from gatling.hook.event import AFTER, BEFORE, PROMPT, Event
from gatling.mcp_proxy import Pins, Proxy
from gatling.mcp_proxy.proxy import REQUEST_KEY
from gatling.testing import assistant, tool_call, tool_result, user
from tests.integrations.conversations import TOOLS, Talk, Tools, Wanted

NEEDS = {
    "plain loop": None,
    "langchain": "langchain",
    "langchain async": "langchain",
    "openai agents": "agents",
    "pydantic ai": "pydantic_ai",
    "agentdojo": "agentdojo",
    "google adk": "google.adk",
    "crewai": "crewai",
    "claude agent": "claude_agent_sdk",
    "claude hook": None,
    "mcp proxy": None,
}
"""The frameworks, and a module of each."""


def play(name: str, talk: Talk, held: Session) -> Tools:
    if (module := NEEDS[name]) is not None:
        pytest.importorskip(module, reason=f"{module} is not installed")
    tools = Tools(talk.files)
    _PLAYERS[name](talk, held, tools)
    return tools


def numbered(talk: Talk) -> Iterator[tuple[str, list[list[tuple[str, Wanted]]], str]]:
    """Return each turn's request, its rounds of calls with ids, and the answer."""
    number = 0
    for turn in talk.turns:
        rounds = []
        for calls in turn.rounds:
            rounds.append([(f"c{number + i}", call) for i, call in enumerate(calls)])
            number += len(calls)
        yield turn.user, rounds, turn.answer


def plain_loop(talk: Talk, held: Session, tools: Tools) -> None:
    for said, rounds, answer in numbered(talk):
        held.check(user(said))
        for calls in rounds:
            message = assistant(*(tool_call(name, call_id, **args) for call_id, (name, args) in calls))
            for (call_id, (name, args)), (_, decision) in zip(calls, held.check(message), strict=True):
                if decision.is_allowed:
                    held.check(tool_result(tools.run(name, args), call_id))
        held.check(assistant(answer))


def langchain_agent(talk: Talk, held: Session, tools: Tools, **settings: Any) -> tuple[Any, list[Any]]:
    """Return an agent, and the messages of the user."""
    from langchain.agents import create_agent
    from langchain_core.language_models.fake_chat_models import FakeMessagesListChatModel
    from langchain_core.messages import AIMessage
    from langgraph.checkpoint.memory import InMemorySaver

    from gatling.integrations import LangChainMiddleware

    class Scripted(FakeMessagesListChatModel):
        def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
            return self

    answers: list[Any] = []
    for _, rounds, answer in numbered(talk):
        for calls in rounds:
            made = [{"name": name, "args": args, "id": call_id} for call_id, (name, args) in calls]
            answers.append(AIMessage("", tool_calls=made))
        answers.append(AIMessage(answer))
    guard = LangChainMiddleware(held, **{"asks": False, **settings})
    agent = create_agent(Scripted(responses=answers), tools.functions, middleware=[guard], checkpointer=InMemorySaver())
    return agent, [{"messages": [("user", turn.user)]} for turn in talk.turns]


THREAD = {"configurable": {"thread_id": "1"}}


def langchain(talk: Talk, held: Session, tools: Tools) -> None:
    agent, turns = langchain_agent(talk, held, tools)
    for turn in turns:
        agent.invoke(turn, THREAD)


def langchain_async(talk: Talk, held: Session, tools: Tools) -> None:
    agent, turns = langchain_agent(talk, held, tools)

    async def run() -> None:
        for turn in turns:
            await agent.ainvoke(turn, THREAD)

    asyncio.run(run())


def openai_script(talk: Talk) -> Any:
    from agents.testing import ScriptedModel, assistant_message, function_call

    steps = []
    for _, rounds, answer in numbered(talk):
        steps += [[function_call(name, args, call_id=call_id) for call_id, (name, args) in calls] for calls in rounds]
        steps.append([assistant_message(answer)])
    return ScriptedModel(steps)


def openai_agents(talk: Talk, held: Session, tools: Tools) -> None:
    from agents import Agent, RunConfig, Runner, function_tool

    from gatling.integrations import OpenAIAgentsGuard

    agent = Agent("a", model=openai_script(talk), tools=[function_tool(f) for f in tools.functions])
    agent = OpenAIAgentsGuard(held, asks=False).protect(agent)

    async def run() -> None:
        items: list[Any] = []
        for turn in talk.turns:
            items.append({"role": "user", "content": turn.user})
            result = await Runner.run(agent, items, run_config=RunConfig(tracing_disabled=True))
            items = result.to_input_list()

    asyncio.run(run())


def pydantic_script(talk: Talk) -> Any:
    from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart
    from pydantic_ai.models.function import FunctionModel

    steps = []
    for _, rounds, answer in numbered(talk):
        for calls in rounds:
            steps.append(ModelResponse(parts=[ToolCallPart(name, args, call_id) for call_id, (name, args) in calls]))
        steps.append(ModelResponse(parts=[TextPart(answer)]))
    return FunctionModel(lambda messages, info: steps.pop(0))


def pydantic_ai(talk: Talk, held: Session, tools: Tools) -> None:
    from pydantic_ai import Agent

    from gatling.integrations import PydanticAICapability

    agent = Agent(pydantic_script(talk), tools=tools.functions, capabilities=[PydanticAICapability(held, asks=False)])

    async def run() -> None:
        history: list[Any] = []
        for turn in talk.turns:
            history = (await agent.run(turn.user, message_history=history)).all_messages()

    asyncio.run(run())


def agentdojo_pipeline(talk: Talk, held: Session | Callable[[str], Session], tools: Tools) -> tuple[Any, Any]:
    """Return a pipeline and its runtime."""
    from agentdojo.agent_pipeline import AgentPipeline, InitQuery, ToolsExecutionLoop
    from agentdojo.agent_pipeline.base_pipeline_element import BasePipelineElement
    from agentdojo.functions_runtime import FunctionCall, FunctionsRuntime, make_function

    from gatling.integrations import AgentDojoGuard

    answers: list[Any] = []
    for _, rounds, answer in numbered(talk):
        for calls in rounds:
            answers.append(
                [FunctionCall(function=name, args=dict(args), id=call_id) for call_id, (name, args) in calls]
            )
        answers.append(answer)

    class Scripted(BasePipelineElement):
        def query(self, query: str, runtime: Any, env: Any = None, messages: Any = (), extra_args: Any = None) -> Any:
            said = answers.pop(0)
            content = [{"type": "text", "content": said if isinstance(said, str) else ""}]
            message = {"role": "assistant", "content": content, "tool_calls": said if isinstance(said, list) else None}
            return query, runtime, env, [*messages, message], extra_args

    def described(function: Any) -> Any:
        lines = [f":param {name}: its {name}" for name in function.__annotations__ if name != "return"]
        function.__doc__ = f"{function.__doc__}\n\n" + "\n".join(lines)
        return make_function(function)

    runtime = FunctionsRuntime([described(f) for f in tools.functions])
    model = Scripted()
    make = held if callable(held) else lambda query: held
    return AgentPipeline([InitQuery(), model, ToolsExecutionLoop([AgentDojoGuard(make), model])]), runtime


def agentdojo(talk: Talk, held: Session, tools: Tools) -> None:
    pipeline, runtime = agentdojo_pipeline(talk, held, tools)
    messages: Any = []
    more: dict[str, Any] = {}
    for turn in talk.turns:
        _, _, _, messages, more = pipeline.query(turn.user, runtime, None, messages, more)


def adk_runner(talk: Talk, held: Any, tools: Tools, **settings: Any) -> Any:
    from google.adk.agents import LlmAgent
    from google.adk.models import BaseLlm, LlmResponse
    from google.adk.runners import InMemoryRunner
    from google.genai import types

    from gatling.integrations import ADKPlugin

    answers: list[Any] = []
    for _, rounds, answer in numbered(talk):
        for calls in rounds:
            parts = [
                types.Part(function_call=types.FunctionCall(id=i, name=name, args=args)) for i, (name, args) in calls
            ]
            answers.append(types.Content(role="model", parts=parts))
        answers.append(types.Content(role="model", parts=[types.Part(text=answer)]))

    class Scripted(BaseLlm):
        async def generate_content_async(self, request: Any, stream: bool = False) -> Any:
            yield LlmResponse(content=answers.pop(0))

    agent = LlmAgent(name="a", model=Scripted(model="scripted"), tools=tools.functions)
    plugin = ADKPlugin(held, **{"asks": False, **settings})
    return InMemoryRunner(agent=agent, app_name="app", plugins=[plugin])


async def adk_turn(runner: Any, session_id: str, *parts: Any) -> list[Any]:
    """Return the events of a turn."""
    from google.genai import types

    message = types.Content(role="user", parts=list(parts))
    return [e async for e in runner.run_async(user_id="u", session_id=session_id, new_message=message)]


def google_adk(talk: Talk, held: Session, tools: Tools) -> None:
    from google.genai import types

    runner = adk_runner(talk, held, tools)

    async def run() -> None:
        kept = await runner.session_service.create_session(app_name="app", user_id="u")
        for turn in talk.turns:
            await adk_turn(runner, kept.id, types.Part(text=turn.user))

    asyncio.run(run())


def crewai(talk: Talk, held: Session, tools: Tools) -> None:
    """Play the talk by CrewAI's own functions around a call; it has one request, and one call at a time."""
    from crewai import Crew, Task
    from crewai.hooks.tool_hooks import (
        ToolCallHookContext,
        run_after_tool_call_hooks,
        run_before_tool_call_hooks,
    )

    from gatling.integrations import CrewAIHook

    [(said, rounds, _)] = numbered(talk)
    task = Task(description=said, expected_output="Done.")
    crew = Crew.model_construct(tasks=[task], agents=[], id="crew")
    with CrewAIHook(held):
        for calls in rounds:
            for _, (name, args) in calls:
                given: dict[str, Any] = {
                    "tool_name": name,
                    "tool_input": dict(args),
                    "tool": None,
                    "task": task,
                    "crew": crew,
                }
                is_blocked = run_before_tool_call_hooks(ToolCallHookContext(**given))
                output = "blocked by hook" if is_blocked else tools.run(name, given["tool_input"])
                run_after_tool_call_hooks(ToolCallHookContext(**given, tool_result=output))


class ClaudeClient:
    """What Claude's client does with hooks, in its order: all calls of a message are asked about at once."""

    def __init__(self, held: Session, **settings: Any) -> None:
        from gatling.integrations import ClaudeHooks

        self.hooks = ClaudeHooks(held, **settings).hooks
        self.session_id = "s"

    async def fire(self, event: str, **fields: Any) -> dict[str, Any]:
        [matcher] = self.hooks[event]
        given = {"hook_event_name": event, "session_id": self.session_id, **fields}
        assert matcher.on_failure == "block"
        answer = await matcher.hooks[0](given, fields.get("tool_use_id"), {"signal": None})
        json.dumps(answer)  # it goes over a pipe
        return answer

    async def call(self, call_id: str, name: str, args: dict[str, Any], **more: Any) -> dict[str, Any]:
        return await self.fire("PreToolUse", tool_name=name, tool_input=args, tool_use_id=call_id, **more)

    async def result(self, call_id: str, name: str, args: dict[str, Any], output: Any, **more: Any) -> dict[str, Any]:
        given = {"tool_name": name, "tool_input": args, "tool_use_id": call_id, **more}
        return await self.fire("PostToolUse", tool_response=output, **given)


def claude_agent(talk: Talk, held: Session, tools: Tools) -> None:
    async def run() -> None:
        client = ClaudeClient(held, asks=False)
        for said, rounds, _ in numbered(talk):
            await client.fire("UserPromptSubmit", prompt=said)  # a client that goes on although it is blocked
            for calls in rounds:
                answers = [await client.call(call_id, name, args) for call_id, (name, args) in calls]
                for (call_id, (name, args)), answer in zip(calls, answers, strict=True):
                    changed = answer.get("hookSpecificOutput", {})
                    if not changed or changed["permissionDecision"] == "allow":
                        args = changed.get("updatedInput", args)
                        await client.result(call_id, name, args, tools.run(name, args))

    asyncio.run(run())


def claude_hook(talk: Talk, held: Session, tools: Tools) -> None:
    """Play the talk as events of Claude Code, to what the resident process answers them with."""
    conversation = Conversation(held, on_escalate="deny")
    common: dict[str, Any] = {"session_id": "s", "transcript": "", "agent_id": "", "permission_mode": "default"}
    for said, rounds, _ in numbered(talk):
        conversation.take(Event(name=PROMPT, prompt=said, **common))
        for calls in rounds:
            events = [
                Event(name=BEFORE, tool_name=name, tool_input=args, call_id=call_id, **common)
                for call_id, (name, args) in calls
            ]
            for event, reply in [(event, conversation.take(event)) for event in events]:
                answer = json.loads(reply.out).get("hookSpecificOutput", {}) if reply.out else {}
                if reply.status == 0 and answer.get("permissionDecision", "allow") == "allow":
                    output = tools.run(event.tool_name, answer.get("updatedInput", event.tool_input))
                    conversation.take(replace(event, name=AFTER, output=output))


def mcp_client(talk: Talk, held: Session, folder: Path) -> Proxy:
    """Return a proxy whose client has begun, and listed the tools."""
    proxy = Proxy(held, Pins(folder / "pins.json"), takes_request=True)
    proxy.of_client({"jsonrpc": "2.0", "id": "list", "method": "tools/list", "params": {}})
    proxy.of_server({"jsonrpc": "2.0", "id": "list", "result": {"tools": mcp_tools()}})
    return proxy


def mcp_tools() -> list[dict[str, Any]]:
    return [
        {"name": name, "description": text, "inputSchema": {"type": "object", "properties": {key: {} for key in keys}}}
        for name, (text, keys) in TOOLS.items()
    ]


def mcp_proxy(talk: Talk, held: Session, tools: Tools) -> None:
    """Play the talk as a client that says in `_meta` what its user has asked for."""
    with tempfile.TemporaryDirectory() as folder:
        proxy = mcp_client(talk, held, Path(folder))
    for said, rounds, _ in numbered(talk):
        for calls in rounds:
            sent = []
            for call_id, (name, args) in calls:
                params = {"name": name, "arguments": args, "_meta": {REQUEST_KEY: said}}
                sent += proxy.of_client({"jsonrpc": "2.0", "id": call_id, "method": "tools/call", "params": params})
            for side, message in sent:
                if side == "server":
                    text = tools.run(message["params"]["name"], message["params"]["arguments"])
                    result = {"content": [{"type": "text", "text": text}]}
                    proxy.of_server({"jsonrpc": "2.0", "id": message["id"], "result": result})


_PLAYERS: dict[str, Callable[[Talk, Session, Tools], None]] = {
    "plain loop": plain_loop,
    "langchain": langchain,
    "langchain async": langchain_async,
    "openai agents": openai_agents,
    "pydantic ai": pydantic_ai,
    "agentdojo": agentdojo,
    "google adk": google_adk,
    "crewai": crewai,
    "claude agent": claude_agent,
    "claude hook": claude_hook,
    "mcp proxy": mcp_proxy,
}
