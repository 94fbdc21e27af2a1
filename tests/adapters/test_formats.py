"""Which calls a message proposes, for each format; the wanted answers were written first."""

from __future__ import annotations

import dataclasses
import datetime
import enum
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatling.adapters import FORMATS, ConversationTracer, plan_of_messages
from gatling.adapters import plain as plain_module
from gatling.adapters.formats import events
from gatling.errors import InputError
from gatling.provenance.events import Event, Foreign, ProposedCall, Result, Said
from gatling.schema.plain import join_path

A = {"to": "ann@acme.com"}
J = '{"to": "ann@acme.com"}'
PAY = [("pay", A)]


def ai(content: Any = None, **fields: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **fields}


def fn(**fields: Any) -> dict[str, Any]:
    return {"id": "c", "type": "function", "function": {"name": "pay", "arguments": J}, **fields}


def lc(content: Any = "", **fields: Any) -> dict[str, Any]:
    return {"type": "ai", "content": content, **fields}


LC_CALL = {"name": "pay", "args": A, "id": "c", "type": "tool_call"}
USE = {"type": "tool_use", "id": "c", "name": "pay", "input": A}
# What is given; the calls that it proposes, or the beginning of the sentence that refuses it.
CASES: list[tuple[str, Any, Any]] = [
    # OpenAI Chat Completions, and servers that speak it
    ("openai: calls", ai(tool_calls=[fn()]), PAY),
    ("openai: as the SDK dumps it", ai(refusal=None, annotations=None, audio=None, function_call=None, tool_calls=[fn()]), PAY),
    ("openai: a custom tool", ai(tool_calls=[{"id": "c", "type": "custom", "custom": {"name": "sh", "input": "ls"}}]),
     [("sh", {"input": "ls"})]),
    ("openai: the legacy form", ai(function_call={"name": "pay", "arguments": J}), PAY),
    ("openai: text only", ai("Done."), []),
    ("openai: a refusal", ai(None, refusal="I cannot."), []),
    ("openai: refusal and text parts", ai([{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "b"}]), []),
    ("openai: spoken", ai(None, audio={"id": "a1", "data": "AA", "transcript": "Hi.", "expires_at": 1}), []),
    ("openai: web search citations", ai("x", annotations=[{"type": "url_citation", "url_citation": {"url": "u"}}]), []),
    ("openai: parsed output", ai("{}", parsed={"a": {"b": 1}}), []),
    ("openai: no calls at all", ai("x", tool_calls=[]), []),
    ("azure", ai("x", context={"citations": [{"content": "c"}], "intent": "i"}, content_filter_results={"hate": {}}, end_turn=True), []),
    ("deepseek", ai("x", reasoning_content="hm", tool_calls=[fn(index=0)], prefix=False), PAY),
    ("vllm", ai(None, reasoning="hm", refusal=None, tool_calls=[fn(id="")], finish_reason="tool_calls", token_ids=None), PAY),
    ("litellm", ai(None, provider_specific_fields={"citations": [{}]}, thinking_blocks=[{"type": "thinking", "thinking": "x"}],
                   images=[], tool_calls=[fn(index=0)]), PAY),
    ("openrouter", ai("x", reasoning_details=[{"type": "reasoning.text", "text": "hm"}]), []),
    ("ollama", ai("", thinking="hm", images=None, tool_calls=[{"function": {"name": "pay", "arguments": A}}]), PAY),
    ("mistral", ai([{"type": "text", "text": "x"}, {"type": "reference", "reference_ids": [1]}], prefix=False, tool_calls=None), []),
    ("cohere", ai(None, tool_plan="I will pay.", citations=[{"text": "x"}], tool_calls=[fn()]), PAY),
    ("groq: a search of its own", ai("x", executed_tools=[{"type": "search", "arguments": "{}", "output": "r"}]), []),
    ("an id, a status, notes of the client", ai("x", id="m1", status="completed", metadata={"run": {"id": 1}}), []),
    ("a text that nobody knows", ai("x", mood="happy", score=0.3, flags=[], note=""), []),
    ("openai: arguments as an object", ai(tool_calls=[fn(function={"name": "pay", "arguments": A})]), PAY),
    ("openai: no arguments", ai(tool_calls=[fn(function={"name": "ping", "arguments": ""})]), [("ping", {})]),
    ("openai: two names for arguments", ai(tool_calls=[fn(function={"name": "pay", "arguments": "{}", "parameters": A})]),
     "messages[0].tool_calls[0].function: both arguments and parameters hold arguments"),
    ("openai: a call of another type", ai(tool_calls=[{"id": "c", "type": "retrieval", "retrieval": {}}]), "messages[0].tool_calls[0].function: missing"),
    ("openai: LangChain's call", ai(tool_calls=[LC_CALL]), "messages[0].tool_calls[0].function: missing"),
    ("openai: calls as text", ai(tool_calls="pay"), "messages[0].tool_calls: a str, wanted a list"),
    ("openai: a piece of a call", ai(tool_calls=[{"index": 0, "function": {"arguments": "{"}}]),
     "messages[0].tool_calls[0].function.name: missing; is this a piece of a stream?"),
    ("openai: Anthropic's block beside its own", ai([USE], tool_calls=[fn(id="d")]), "messages[0].content[0]: a block of the kind 'tool_use'"),
    ("unknown: toolCalls", ai("x", toolCalls=[fn()]), "messages[0].toolCalls: an unknown field"),
    ("unknown: function_calls", ai("x", function_calls=[{"name": "pay"}]), "messages[0].function_calls: an unknown field"),
    ("unknown: function_calls as text", ai("x", function_calls="<invoke name='pay'>"), "messages[0].function_calls: an unknown field"),
    ("unknown: tool_use", ai("x", tool_use={"name": "pay"}), "messages[0].tool_use: an unknown field"),
    ("unknown: actions", ai("x", actions=["pay ann"]), "messages[0].actions: an unknown field"),
    ("unknown: an object under any name", ai("x", plan_b={"do": "pay"}), "messages[0].plan_b: an unknown field"),
    ("unknown: deep in lists", ai("x", extra=[[[{"do": "pay"}]]]), "messages[0].extra: an unknown field"),
    ("unknown: a block", ai([{"type": "tool-call", "toolName": "pay"}]), "messages[0].content[0]: a block of the kind 'tool-call'"),
    ("unknown: a block without a kind", ai([{"type": "text", "text": "x"}, {"name": "pay"}]), "messages[0].content[1]: a block without a kind"),
    ("calls of the user", {"role": "user", "content": "x", "tool_calls": [fn()]}, "messages[0].tool_calls: only a message of the role assistant"),
    ("a piece of a stream", {"object": "chat.completion.chunk", "choices": [{"delta": {}}]}, "messages[0]: a piece of a stream"),
    ("a delta", {"delta": {"content": "x"}}, "messages[0]: a piece of a stream"),
    ("a whole response", {"id": "r", "choices": [{"message": ai("x")}]}, "messages[0]: a whole response and no message: give choices[i].message"),
    ("a bare call", fn(), "messages[0]: of no known shape (type 'function')"),
    ("a chat of another product", {"type": "ToolCallRequestEvent", "source": "a", "content": [{"name": "pay"}]}, "messages[0]: of no known shape"),
    # Anthropic
    ("anthropic: calls", ai([{"type": "text", "text": "x"}, USE]), PAY),
    ("anthropic: as the SDK dumps it", ai([USE], id="m", type="message", model="c", stop_reason="tool_use", usage={"input_tokens": 1},
                                          stop_sequence=None, container=None, stop_details=None, diagnostics=None), PAY),
    ("anthropic: thoughts", ai([{"type": "thinking", "thinking": "x", "signature": "s"}, {"type": "redacted_thinking", "data": "d"}]), []),
    ("anthropic: a search at the vendor", ai([{"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "q"}},
        {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}]), [("web_search", {"query": "q"})]),
    ("anthropic: a bare block", USE, PAY),
    ("anthropic: arguments as text", ai([{**USE, "input": "{"}]), "messages[0].content[0].input: the arguments are refused"),
    ("anthropic: an unknown block", ai([USE, {"type": "skill_use", "name": "pay"}]), "messages[0].content[1]: a block of the kind 'skill_use'"),
    ("anthropic: a piece", ai([{"type": "input_json_delta", "partial_json": "{"}]), "messages[0].content[0]: a piece of a stream"),
    ("anthropic: a piece at the top", {"type": "content_block_delta", "index": 0, "delta": {}}, "messages[0]: a piece of a stream"),
    # OpenAI Responses
    ("responses: a function", {"type": "function_call", "call_id": "c", "name": "pay", "arguments": J, "status": "completed"}, PAY),
    ("responses: a custom tool", {"type": "custom_tool_call", "call_id": "c", "name": "sh", "input": "ls"}, [("sh", {"input": "ls"})]),
    ("responses: a message", {"type": "message", "role": "assistant", "id": "m", "status": "completed", "phase": None,
                              "content": [{"type": "output_text", "text": "x", "annotations": [], "logprobs": []}]}, []),
    ("responses: reasoning", {"type": "reasoning", "summary": [{"type": "summary_text", "text": "x"}]}, []),
    ("responses: the computer", {"type": "computer_call", "id": "i", "call_id": "c", "action": {"type": "type", "text": "rm"}},
     [("computer", {"type": "type", "text": "rm"})]),
    ("responses: several clicks", {"type": "computer_call", "call_id": "c", "action": None, "actions": [{"type": "click"}]},
     [("computer", {"actions": [{"type": "click"}]})]),
    ("responses: a shell", {"type": "shell_call", "call_id": "c", "action": {"commands": ["rm -rf /"]}}, [("shell", {"commands": ["rm -rf /"]})]),
    ("responses: the local shell", {"type": "local_shell_call", "id": "l", "call_id": "c", "action": {"type": "exec", "command": ["ls"]}},
     [("local_shell", {"type": "exec", "command": ["ls"]})]),
    ("responses: a patch", {"type": "apply_patch_call", "call_id": "c", "operation": {"type": "delete_file", "path": "a"}},
     [("apply_patch", {"type": "delete_file", "path": "a"})]),
    ("responses: approve an MCP call?", {"type": "mcp_approval_request", "id": "c", "name": "pay", "arguments": J, "server_label": "s"}, PAY),
    ("responses: a search at the vendor", {"type": "web_search_call", "id": "w", "status": "completed", "action": {"type": "search", "query": "q"}}, []),
    ("responses: tools of the client", {"type": "tool_search_call", "execution": "client", "call_id": "c", "arguments": {"q": 1}}, [("tool_search", {"q": 1})]),
    ("responses: an action that is missing", {"type": "shell_call", "call_id": "c"}, "messages[0].action: missing"),
    ("responses: an unknown item", {"type": "browser_call", "action": {"goto": "x"}}, "messages[0]: of no known shape (type 'browser_call')"),
    ("responses: a piece", {"type": "response.function_call_arguments.delta", "delta": "{"}, "messages[0]: a piece of a stream"),
    ("responses: a whole response", {"object": "response", "output": []}, "messages[0]: a whole response"),
    # MCP
    ("mcp: a call", {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "pay", "arguments": A}}, PAY),
    ("mcp: a list", {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, []),
    ("mcp: a prompt with arguments", {"jsonrpc": "2.0", "id": 1, "method": "prompts/get", "params": {"name": "p", "arguments": {}}}, []),
    ("mcp: another method for calls", {"jsonrpc": "2.0", "id": 1, "method": "callTool", "params": {}}, "messages[0].method: 'callTool' may call a tool"),
    ("mcp: a method of anybody", {"jsonrpc": "2.0", "id": 1, "method": "x/y", "params": {"name": "pay"}}, "messages[0].method: 'x/y' may call a tool"),
    ("mcp: a batch", [{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "pay"}}], "messages[0]: a list, wanted an object"),
    # Bedrock Converse
    ("bedrock: a call", ai([{"text": "x"}, {"toolUse": {"toolUseId": "c", "name": "pay", "input": A}}]), PAY),
    ("bedrock: thoughts", ai([{"reasoningContent": {"reasoningText": {"text": "x"}}}, {"text": "y"}]), []),
    ("bedrock: cited", ai([{"citationsContent": {"content": [{"text": "x"}], "citations": []}}]), []),
    ("bedrock: an unknown block", ai([{"text": "x"}, {"toolInvocation": {"name": "pay"}}]), "messages[0].content[1]: a block of the kind 'toolInvocation'"),
    ("bedrock: a call behind a text", ai([{"text": "x", "toolUse": {"toolUseId": "c", "name": "pay", "input": A}}]), PAY),
    ("bedrock: a whole response", {"output": {"message": ai([])}, "stopReason": "tool_use"}, "messages[0]: a whole response"),
    # Gemini
    ("gemini: a call", {"role": "model", "parts": [{"text": "x"}, {"functionCall": {"name": "pay", "args": A}}]}, PAY),
    ("gemini: as the SDK dumps it", {"role": "model", "parts": [{"text": None, "thought": None, "function_call": {"id": None, "name": "pay", "args": A,
        "partial_args": None, "will_continue": None}, "inline_data": None}]}, PAY),
    ("gemini: no arguments", {"role": "model", "parts": [{"functionCall": {"name": "ping"}}]}, [("ping", {})]),
    ("gemini: thoughts", {"role": "model", "parts": [{"text": "x", "thought": True, "thoughtSignature": "s"}]}, []),
    ("gemini: code at the vendor", {"role": "model", "parts": [{"executableCode": {"code": "1"}}, {"codeExecutionResult": {"output": "1"}}]}, []),
    ("gemini: an unknown part", {"role": "model", "parts": [{"actionCall": {"name": "pay"}}]}, "messages[0].parts[0]: a block of the kind 'actionCall'"),
    ("gemini: a field beside the parts", {"role": "model", "parts": [], "functionCalls": [{"name": "pay"}]}, "messages[0].functionCalls: an unknown field"),
    ("gemini: a piece", {"role": "model", "parts": [{"functionCall": {"name": "pay", "willContinue": True}}]}, "messages[0].parts[0].functionCall: a piece"),
    ("gemini: nobody's", {"parts": [{"functionCall": {"name": "pay"}}]}, "messages[0].role: missing"),
    ("gemini: a whole response", {"candidates": [{"content": {}}]}, "messages[0]: a whole response"),
    # LangChain
    ("langchain: a call", lc(tool_calls=[LC_CALL], invalid_tool_calls=[], additional_kwargs={}, response_metadata={"model": "x"}, usage_metadata=None), PAY),
    ("langchain: Anthropic's block again", lc([USE], tool_calls=[LC_CALL]), PAY),
    ("langchain: OpenAI's call again", lc(tool_calls=[LC_CALL], additional_kwargs={"tool_calls": [fn()], "refusal": None}), PAY),
    ("langchain: Gemini's call again", lc(tool_calls=[LC_CALL], additional_kwargs={"function_call": {"name": "pay", "arguments": J}}), PAY),
    ("langchain: the legacy form alone", lc(additional_kwargs={"function_call": {"name": "pay", "arguments": J}}), PAY),
    ("langchain: stored", {"type": "ai", "data": {"content": "", "tool_calls": [LC_CALL]}}, PAY),
    ("langchain: text", lc("x", id="run-1", name=None, example=False), []),
    ("langchain: a gathered stream", {**lc(tool_calls=[LC_CALL]), "type": "AIMessageChunk", "chunk_position": "last", "tool_call_chunks": [{}]}, PAY),
    ("langchain: a piece", {**lc("x"), "type": "AIMessageChunk", "tool_call_chunks": [{"args": "{"}]}, "messages[0]: a piece of a stream"),
    ("langchain: a block that is not listed", lc([USE], tool_calls=[]), "messages[0].content[0]: a call that is not among"),
    ("langchain: another one in the block", lc([USE], tool_calls=[{**LC_CALL, "id": "d"}]), "messages[0].content[0]: a call that is not among"),
    ("langchain: a vendor's call that is not listed", lc(additional_kwargs={"tool_calls": [fn()]}), "messages[0].additional_kwargs.tool_calls[0]: a call"),
    ("langchain: another name in the legacy form", lc(tool_calls=[LC_CALL], additional_kwargs={"function_call": {"name": "wipe", "arguments": ""}}),
     "messages[0].additional_kwargs.function_call: a call that is not among"),
    ("langchain: arguments that are none", lc(invalid_tool_calls=[{"name": "pay", "args": "{", "id": "c"}]), "messages[0].invalid_tool_calls: calls whose"),
    ("langchain: a field of its own", lc("x", agent_actions=[{"tool": "pay"}]), "messages[0].agent_actions: an unknown field"),
]  # fmt: skip


def answer(message: Any, format: str = "auto") -> Any:
    try:
        found = events(message, 0, format)
    except InputError as error:
        return str(error)
    return [(e.tool_name, e.arguments) for e in found if isinstance(e, ProposedCall)]


@pytest.mark.parametrize(("message", "wanted"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_calls_of_a_message(message: Any, wanted: Any) -> None:
    found = answer(message)
    if isinstance(wanted, str):
        assert isinstance(found, str)
        assert found.startswith(wanted)
    else:
        assert found == wanted


@pytest.mark.parametrize("case", [case for case in CASES if case[2] == PAY], ids=lambda case: case[0])
def test_no_format_takes_a_call_of_another_for_none(case: tuple[str, Any, Any]) -> None:
    for name in FORMATS:
        found = answer(case[1], name)
        assert found == PAY or isinstance(found, str), name


@pytest.mark.parametrize("case", [case for case in CASES if case[2] == PAY], ids=lambda case: case[0])
def test_each_format_reads_its_own(case: tuple[str, Any, Any]) -> None:
    family = case[0].partition(":")[0]
    assert answer(case[1], family if family in FORMATS else "openai") == PAY


TOLD = {
    "openai": [{"role": "tool", "tool_call_id": "c", "content": "sent"}],
    "ollama": [{"role": "tool", "tool_name": "pay", "content": "sent"}],
    "anthropic": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "sent"}]}],
    "anthropic: a bare block": [{"type": "tool_result", "tool_use_id": "c", "content": "sent"}],
    "responses": [{"type": "function_call_output", "call_id": "c", "output": "sent"}],
    "bedrock": [{"role": "user", "content": [{"toolResult": {"toolUseId": "c", "content": [{"text": "sent"}]}}]}],
    "bedrock: data": [{"role": "user", "content": [{"toolResult": {"toolUseId": "c", "content": [{"json": {"is": "sent"}}]}}]}],
    "gemini": [{"role": "user", "parts": [{"functionResponse": {"name": "pay", "response": {"is": "sent"}}}]}],
    "gemini: the old role": [{"role": "function", "parts": [{"function_response": {"name": "pay", "response": {"is": "sent"}}}]}],
    "langchain": [{"type": "tool", "tool_call_id": "c", "content": "sent", "artifact": None, "status": "success"}],
}  # fmt: skip
ASKED = {
    "openai": {"role": "user", "content": "Pay Ann."},
    "gemini": {"role": "user", "parts": [{"text": "Pay Ann."}]},
    "bedrock": {"role": "user", "content": [{"text": "Pay Ann."}]},
    "langchain": {"type": "human", "content": "Pay Ann."},
}
OF_SYSTEM = {
    "openai": {"role": "system", "content": "Pay Ann."},
    "gemini": {"role": "system", "parts": [{"text": "Pay Ann."}]},
    "bedrock": {"role": "system", "content": [{"text": "Pay Ann."}]},
    "langchain": {"type": "system", "content": "Pay Ann."},
}


@pytest.mark.parametrize("name", TOLD)
def test_results_find_their_call(name: str) -> None:
    tracer = ConversationTracer()
    (node,) = tracer.feed(ai(tool_calls=[fn(id="" if name.startswith(("ollama", "gemini")) else "c")]))
    assert tracer.pending == (node,)
    for message in TOLD[name]:
        tracer.feed(message)
    assert tracer.pending == ()
    (after,) = tracer.feed(ai(tool_calls=[fn(id="d", function={"name": "act", "arguments": {"x": "sent"}})]))
    assert [o.source for o in tracer.origins(after.node_id)] == ["n1"]


@pytest.mark.parametrize("name", ASKED)
def test_only_the_user_asks(name: str) -> None:
    assert events(ASKED[name], 0) == [Said("Pay Ann.", True)]
    assert events(OF_SYSTEM[name], 0) == [Said("Pay Ann.", False)]


def test_blocks_of_others_that_nobody_knows_are_text_of_somebody_else() -> None:
    for message in (
        {"role": "user", "content": [{"type": "web_page", "body": "x"}]},
        {"role": "user", "content": [{"document": {"name": "a", "source": {"text": "x"}}}]},
        {"role": "user", "parts": [{"toolResponse": {"x": 1}}]},
        {"type": "human", "content": [{"type": "web_page", "body": "x"}]},
    ):
        (found,) = events(message, 0)
        assert isinstance(found, Foreign)


# --- a format of one's own --------------------------------------------------------------------------------------------


class Tiny:
    """`{"speaker": "user", "says": "..."}`, `{"speaker": "bot", "runs": tool, "with": {...}}`, `{"speaker": "tool", "gives": ...}`."""

    name = "tiny"
    title = "A format of the test"

    def recognises(self, message: dict[str, Any]) -> bool:
        return "speaker" in message

    def read(self, message: dict[str, Any], path: str) -> Iterator[Event]:
        if message["speaker"] == "user":
            yield Said(message["says"], True)
        elif message["speaker"] == "tool":
            yield Result(None, None, [message["gives"]], False, path)
        elif "runs" in message:
            yield ProposedCall(message["runs"], message["with"], None, path)
        else:
            raise InputError("a bot that runs nothing", path=join_path(path, "runs"))


def test_a_new_format_is_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = [
        {"speaker": "user", "says": "Look up Ann."},
        {"speaker": "bot", "runs": "look_up", "with": {"who": "Ann"}},
        {"speaker": "tool", "gives": {"mail": "ann@acme.com"}},
        {"speaker": "bot", "runs": "send", "with": {"to": "ann@acme.com"}},
    ]
    with pytest.raises(InputError, match="neither a role"):
        plan_of_messages(talk)
    monkeypatch.setitem(FORMATS, "tiny", Tiny())
    for format in ("auto", "tiny"):
        plan = plan_of_messages(talk, format=format)
        assert [n.tool_name for n in plan.nodes] == ["look_up", "send"]
        assert [(e.source, e.target) for e in plan.edges] == [("n1", "n2")]
    with pytest.raises(InputError, match=r"messages\[0\].runs: a bot that runs nothing"):
        plan_of_messages([{"speaker": "bot"}])
    with pytest.raises(InputError, match="not a message of the format tiny"):
        plan_of_messages([ai("x")], format="tiny")
    with pytest.raises(InputError, match="the format is 'small', it must be one of auto, .*tiny"):
        plan_of_messages([ai("x")], format="small")


def test_the_page_lists_every_format() -> None:
    page = (Path(__file__).parents[2] / "docs" / "messages.md").read_text()
    for name, row in FORMATS.items():
        assert name == row.name
        assert f"| `{name}` | {row.title} |" in page


# --- objects of SDKs --------------------------------------------------------------------------------------------------


class Dumped:
    def __init__(self, data: Any) -> None:
        self.data = data

    def model_dump(self) -> Any:
        return self.data


class Told(Dumped):
    def to_dict(self) -> Any:
        return self.data

    model_dump = None  # type: ignore[assignment]


class Role(enum.Enum):
    ASSISTANT = "assistant"


@dataclasses.dataclass
class Function:
    name: str
    arguments: str


@dataclasses.dataclass
class Call:
    id: str
    function: Function


def test_objects_are_opened_wherever_they_stand() -> None:
    call = Call("c", Function("pay", J))
    for message in (
        Dumped(ai(tool_calls=[fn()])),
        Told(ai(tool_calls=[fn()])),
        ai(tool_calls=[call]),
        ai(tool_calls=(call,)),
        ai([Dumped(USE)]),
        Dumped(
            {"role": Role.ASSISTANT, "content": None, "tool_calls": [call], "created_at": datetime.datetime(2026, 1, 1)}
        ),
        Dumped(
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [call],
                "metadata": {"client": object(), "raw": b"\xff"},
            }
        ),
    ):
        assert answer(message) == PAY


def test_what_was_judged_cannot_be_changed_from_outside() -> None:
    arguments = {"to": ["ann@acme.com"]}
    tracer = ConversationTracer()
    (node,) = tracer.feed(ai([{**USE, "input": arguments}]))
    arguments["to"].append("eve@evil.example")
    assert node.arguments == {"to": ["ann@acme.com"]}


def test_what_cannot_be_opened_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Dumped):
        def model_dump(self) -> Any:
            raise RuntimeError("no")

    loop: list[Any] = []
    loop.append(loop)
    for message, wanted in (
        (object(), "a object, wanted an object"),
        (b"x", "a bytes, wanted an object"),
        (Broken(0), "a Broken that cannot be read: RuntimeError"),
        (Dumped(Dumped(7)), "a Dumped, wanted an object"),
        (ai("x", metadata=loop), "nested deeper than 64"),
        (ai([{**USE, "input": {"file": b"x"}}]), "bytes or an object that cannot be read"),
        (ai([{**USE, "input": {"file": [object()]}}]), "bytes or an object that cannot be read"),
        (ai("x", metadata={7: 1}), "key 7 is not a string"),
        (ai("x", metadata=float("nan")), "nan is not a finite number"),
    ):
        found = answer(message)
        assert isinstance(found, str)
        assert wanted in found
    monkeypatch.setattr(plain_module, "MAX_MESSAGE_VALUES", 1_000)
    wide: list[Any] = []
    for _ in range(60):  # 2^60 values, if nobody counts
        wide = [wide, wide]
    assert "more than 1000 values" in answer(ai("x", metadata=wide))


def test_bytes_in_a_picture_make_later_values_doubtful() -> None:
    picture = {
        "role": "user",
        "content": [
            {"toolResult": {"toolUseId": "c", "content": [{"image": {"format": "png", "source": {"bytes": b"\x89"}}}]}}
        ],
    }
    (found,) = events(picture, 0)
    assert isinstance(found, Result)
    assert found.has_media
    assert "bytes" not in str(found.parts)


# --- the objects of the SDKs themselves, where they are installed ------------------------------------------------------


@pytest.mark.extra
def test_objects_of_openai() -> None:
    chat = pytest.importorskip("openai.types.chat")
    message = chat.ChatCompletionMessage.model_validate({"role": "assistant", "content": None, "tool_calls": [fn()]})
    assert answer(message) == PAY
    assert answer({"role": "assistant", "content": None, "tool_calls": message.tool_calls}) == PAY
    items = pytest.importorskip("openai.types.responses")
    assert answer(items.ResponseFunctionToolCall(type="function_call", call_id="c", name="pay", arguments=J)) == PAY


@pytest.mark.extra
def test_objects_of_anthropic() -> None:
    types = pytest.importorskip("anthropic.types")
    usage = {"input_tokens": 1, "output_tokens": 1}
    message = types.Message.model_validate(
        {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [USE], "stop_reason": "tool_use", "usage": usage}
    )  # fmt: skip
    assert answer(message) == PAY
    assert answer({"role": "assistant", "content": message.content}) == PAY


@pytest.mark.extra
def test_objects_of_gemini() -> None:
    types = pytest.importorskip("google.genai.types")
    part = types.Part(function_call=types.FunctionCall(name="pay", args=A))
    assert answer(types.Content(role="model", parts=[part])) == PAY
    picture = types.Part(inline_data=types.Blob(data=b"\xff\x00", mime_type="image/png"))
    assert answer(types.Content(role="user", parts=[picture, types.Part(text="x")])) == []


@pytest.mark.extra
def test_objects_of_langchain() -> None:
    messages = pytest.importorskip("langchain_core.messages")
    assert answer(messages.AIMessage(content="", tool_calls=[{"name": "pay", "args": A, "id": "c"}])) == PAY
    assert events(messages.HumanMessage("Pay Ann."), 0) == [Said("Pay Ann.", True)]
    assert events(messages.SystemMessage("Pay Ann."), 0) == [Said("Pay Ann.", False)]
    (found,) = events(messages.ToolMessage("sent", tool_call_id="c"), 0)
    assert isinstance(found, Result)
    assert (found.call_id, found.parts) == ("c", ["sent"])
    bad = messages.AIMessage(content="", invalid_tool_calls=[{"name": "pay", "args": "{", "id": "c", "error": "e"}])
    assert "calls whose arguments could not be read" in answer(bad)
    chunk = messages.AIMessageChunk(content="", tool_calls=[{"name": "pay", "args": A, "id": "c"}])
    assert "a piece of a stream" in answer(chunk)
