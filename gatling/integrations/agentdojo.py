"""AgentDojo: the guard as a defence element of a pipeline, in the place of the element that executes tool calls.

    guard = AgentDojoGuard(lambda query: Session(guard, policy=policy, role="user"))
    pipeline = AgentPipeline([SystemMessage(text), InitQuery(), llm, ToolsExecutionLoop([guard, llm])])

Calls that may run are given to the benchmark's own executor, one by one; the others are answered with the reason as an error.
Every task is a conversation of its own.
"""

from __future__ import annotations

import secrets
from ast import literal_eval
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from agentdojo.agent_pipeline import ToolsExecutor
from agentdojo.agent_pipeline.base_pipeline_element import BasePipelineElement
from agentdojo.agent_pipeline.tool_execution import is_string_list
from agentdojo.functions_runtime import FunctionCall

from gatling.errors import ConfigError, InputError
from gatling.guard import Decision, Session
from gatling.guard.decision import denial, fault_of
from gatling.integrations.call import Call, Heard, ModelSaid, faulty
from gatling.integrations.gate import Gate
from gatling.provenance.events import Event, Result, Said

_GATE = "gatling"
"""The key under which a run of the pipeline carries its conversation."""


class AgentDojoGuard(BasePipelineElement):
    """Judges the calls of the last message, and executes those that may run.

    Args:
        make_session: returns the session of a task, given its prompt.
        executor: what runs a call; by default AgentDojo's own.
    """

    def __init__(self, make_session: Callable[[str], Session], executor: Any = None) -> None:
        if not callable(make_session):
            raise ConfigError(f"a {type(make_session).__name__}, wanted a function that makes a session for a prompt")
        self._make_session = make_session
        self._executor = executor if executor is not None else ToolsExecutor()

    def query(
        self, query: str, runtime: Any, env: Any = None, messages: Any = (), extra_args: dict[str, Any] | None = None
    ) -> tuple[str, Any, Any, list[Any], dict[str, Any]]:
        """Answer the calls of the last message."""
        extra_args = dict(extra_args or {})
        last = messages[-1] if messages else {"role": ""}
        if last["role"] != "assistant" or not last["tool_calls"]:
            return query, runtime, env, list(messages), extra_args
        wanted = [_named(call) for call in last["tool_calls"]]
        messages = [*messages[:-1], {**last, "tool_calls": wanted}]
        calls = [Call(call.function, call.args, call.id) for call in wanted]
        try:
            gate = extra_args.setdefault(_GATE, Gate(self._session(query)))
        except Exception as error:
            refused = faulty(calls[0], error).text_for_agent
            return query, runtime, env, [*messages, *(_refusal(call, refused) for call in wanted)], extra_args
        history = partial(_history, messages)
        decisions = []
        for call, one in zip(wanted, calls, strict=True):
            nested = _nested(call)
            decisions.append(gate.judge(one, history, calls) if nested is None else nested)
        answers = []
        for call, decision in zip(wanted, decisions, strict=True):
            if not decision.is_allowed:
                answers.append(_refusal(call, decision.text_for_agent))
                continue
            if decision.arguments is not None:
                call = call.model_copy(update={"args": decision.arguments})
            alone = [{**last, "tool_calls": [call]}]
            [answer] = self._executor.query(query, runtime, env, alone, extra_args)[3][1:]
            text, said = _text(answer), answer["error"]
            shown = said or text  # a model reads one of them
            read = gate.took(call.id, [text, said] if said else text, shown=shown)
            if read is not shown:
                answer = {**answer, "content": [{"type": "text", "content": read}], "error": read if said else None}
            answers.append(answer)
        return query, runtime, env, [*messages, *answers], extra_args

    def _session(self, query: str) -> Session:
        made = self._make_session(query)
        if not isinstance(made, Session):
            raise InputError(f"the function that makes sessions returned a {type(made).__name__}")
        return made


def _named(call: Any) -> Any:
    """Return a call with an id, and with the arguments that the executor will make of it: texts that are lists become lists."""
    args = {key: literal_eval(v) if isinstance(v, str) and is_string_list(v) else v for key, v in call.args.items()}
    return call.model_copy(update={"args": args, "id": call.id or secrets.token_hex(8)})


def _nested(call: Any) -> Decision | None:
    """Return the denial of a call whose arguments hold another call, which the runtime would run; else None."""
    stack: list[Any] = list(call.args.values())
    try:
        while stack:
            item = stack.pop()
            if isinstance(item, FunctionCall):
                raise InputError("a call in the place of an argument")
            stack.extend(item.values() if isinstance(item, dict) else item if isinstance(item, (list, tuple)) else ())
    except Exception as error:
        return denial(fault_of(error))
    return None


def _refusal(call: Any, text: str) -> dict[str, Any]:
    content = [{"type": "text", "content": ""}]
    return {"role": "tool", "content": content, "tool_call_id": call.id, "tool_call": call, "error": text}


def _text(message: Any) -> str:
    return "\n".join(block["content"] for block in message["content"] or [] if block["content"] is not None)


def _history(messages: Iterable[Any]) -> Iterator[Heard]:
    for message in messages:
        key = f"{message['role']} {message.get('tool_call_id', '')} {message['content']!r} {message.get('error', '')}"
        yield Heard(key, partial(_events, message))


def _events(message: Any) -> Iterator[Event | ModelSaid]:
    role, text = message["role"], _text(message)
    if role in ("user", "system"):
        yield Said(text, is_user=role == "user")
    elif role == "tool":
        yield Result(
            message["tool_call_id"], message["tool_call"].function, [text, message["error"] or ""], False, "messages"
        )
    elif role == "assistant":
        yield ModelSaid(text)
    else:
        raise InputError(f"{role!r} is not one of user, system, assistant, tool", path="messages")
