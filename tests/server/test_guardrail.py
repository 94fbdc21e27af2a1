"""LiteLLM's generic guardrail contract, with bodies as LiteLLM 1.110.2 posts them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gatling.guard.log import read_entries
from gatling.server import LiteLLM
from gatling.testing import FixedGuard, assistant, tool_call, tool_result
from tests.server.asgi import ANSWERS, PERSON, Running, app_of, service

PATH = "/beta/litellm_basic_guardrail_api"
HEADERS = {
    "host": "proxy:4000",
    "content-type": "application/json",
    "authorization": "[present]",
    "user-agent": "OpenAI/Python",
}
KEY = {"user_api_key_hash": "88dc28d0", "user_api_key_alias": "agents", "user_api_key_team_id": "t1"}
TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}
    for name in ("read_file", "send_email", "delete_file", "format_disk")
]
HISTORY: list[dict[str, Any]] = [
    {"role": "system", "content": "You are a clerk."},
    {"role": "user", "content": "Read report.txt and delete what it names."},
    {"role": "assistant", "content": None, "tool_calls": [
        {"id": "call_1", "type": "function", "function": {"name": "read_file", "arguments": '{"path": "report.txt"}'}}
    ]},
    {"role": "tool", "tool_call_id": "call_1", "content": "Delete old.txt."},
]  # fmt: skip


def posted(input_type: str, **fields: Any) -> dict[str, Any]:
    """A body with all fields, as `GenericGuardrailAPIRequest.model_dump(mode="json")` writes them."""
    return {
        "input_type": input_type,
        "litellm_call_id": "5b0c2d3e-1",
        "litellm_trace_id": "trace-1",
        "structured_messages": None,
        "images": None,
        "tools": None,
        "texts": [],
        "request_data": KEY,
        "request_headers": HEADERS,
        "litellm_version": "1.110.2",
        "additional_provider_specific_params": {},
        "tool_calls": None,
        "model": "gpt-4o",
        **fields,
    }


def request(**fields: Any) -> dict[str, Any]:
    texts = [m["content"] for m in HISTORY if m["content"]]
    calls = HISTORY[2]["tool_calls"]
    return posted("request", structured_messages=HISTORY, texts=texts, tool_calls=calls, **fields)


def response(tool: str, call_id: str = "call_2", **arguments: Any) -> dict[str, Any]:
    function = {"name": tool, "arguments": json.dumps(arguments)}
    return posted("response", tool_calls=[{"id": call_id, "type": "function", "function": function, "index": 0}])


def post(office: Running, body: Any) -> Any:
    got = office.ask("POST", PATH, body)
    assert got.status == 200, got
    return got.data


def test_calls_of_a_model_are_judged_in_the_light_of_the_conversation(office: Running, tmp_path: Path) -> None:
    assert post(office, request()) == {"action": "NONE"}
    assert post(office, posted("response", texts=["I will delete it."])) == {"action": "NONE"}
    assert post(office, response("read_file", path="old.txt")) == {"action": "NONE"}
    got = post(office, response("delete_file", path="old.txt"))
    assert got["action"] == "BLOCKED"
    assert got["blocked_reason"].startswith("The call of delete_file was not run: it is not allowed.")
    logged = list(read_entries(tmp_path / "audit"))
    assert [(e["session"], e["tool"], e["verdict"]) for e in logged] == [
        ("litellm:trace-1", "read_file", "allow"),
        ("litellm:trace-1", "delete_file", "deny"),
    ]


def test_the_guard_is_asked_with_the_request_and_what_was_read(tmp_path: Path) -> None:
    guard = FixedGuard(ANSWERS)  # type: ignore[arg-type]
    running = Running(app_of(service(tmp_path, guard)))
    post(running, request())
    post(running, response("read_file", path="old.txt"))
    [(context, plan)] = guard.asked  # what had run is not judged again
    assert context.user_role == "clerk"
    assert context.session_context["user_request"] == HISTORY[1]["content"]
    assert [node.tool_name for node in plan.nodes] == ["read_file", "read_file"]
    assert [(edge.source, edge.target) for edge in plan.edges] == [("n1", "n2")]
    running.close()


def test_a_persons_word_holds_in_the_next_call_of_the_model(office: Running) -> None:
    post(office, request())
    got = post(office, response("send_email", to="ann"))
    [waiting] = office.ask("GET", "/v1/approvals", token=PERSON).data["approvals"]
    assert waiting["id"] in got["blocked_reason"]
    office.ask("POST", f"/v1/approvals/{waiting['id']}", {"answer": "approve", "by": "ann"}, token=PERSON)
    post(office, request(litellm_call_id="another"))
    again = response("send_email", "call_9", to="ann") | {"litellm_call_id": "another"}
    assert post(office, again) == {"action": "NONE"}
    assert post(office, again)["action"] == "BLOCKED"  # it counted once


def test_tools_that_the_policy_rules_out_are_not_offered(office: Running) -> None:
    got = post(office, request(tools=TOOLS))
    assert got["action"] == "GUARDRAIL_INTERVENED"
    assert [tool["function"]["name"] for tool in got["tools"]] == ["read_file", "send_email", "delete_file"]
    assert post(office, request(tools=TOOLS[:3])) == {"action": "NONE"}
    assert post(office, request(tools=TOOLS[3:])) == {"action": "NONE"}  # the proxy takes an empty list for no answer
    assert post(office, response("format_disk"))["action"] == "BLOCKED"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "not JSON"),
        ({}, "input_type: field required"),
        (posted("both"), "input_type: input should be 'request' or 'response'"),
        (posted("response", tool_calls=[{"id": "c"}], litellm_call_id="unknown"), "mode: [pre_call, post_call]"),
        (posted("response", tool_calls=[{"id": "c"}], litellm_call_id=None), "litellm_call_id: missing"),
        (posted("response", tool_calls="none"), "tool_calls: input should be a valid list"),
        (posted("response", tool_calls=[{"id": "call_2", "type": "function", "function": {}}]), "could not judge"),
        (posted("request", tools=TOOLS), "tools without the conversation"),
        (posted("request", structured_messages=[{"role": "wizard", "content": "x"}]), "could not judge"),
        (posted("request", structured_messages=[tool_result("x", "never")]), "could not judge"),
        (request() | {"tool_calls": [tool_call("delete_file", "call_7")]}, "does not stand in structured_messages"),
        (posted("request", new_kind_of_calls=[{"name": "delete_file"}]), "new_kind_of_calls: unknown field"),
    ],
)
def test_what_is_not_understood_is_blocked(office: Running, body: Any, reason: str) -> None:
    post(office, request())
    got = post(office, body)
    assert got["action"] == "BLOCKED"
    assert reason in got["blocked_reason"]


def test_new_fields_that_hold_nothing_are_taken(office: Running) -> None:
    assert post(office, request(new_kind_of_calls=None, other=[])) == {"action": "NONE"}


def test_errors_before_judging_are_blocked_too(tmp_path: Path, office: Running) -> None:
    """LiteLLM can be told to go on where a guard answers 503; this guard never does."""
    assert office.ask("POST", PATH, request(), content_type="text/plain").data["action"] == "BLOCKED"
    office.app.is_stopping = True
    got = office.ask("POST", PATH, request())
    assert (got.status, got.data["action"]) == (200, "BLOCKED")
    office.app.is_stopping = False
    running = Running(app_of(service(tmp_path / "other", litellm=None)))
    assert post(running, request())["action"] == "BLOCKED"
    running.close()


def test_params_of_the_client_change_nothing(tmp_path: Path) -> None:
    guard = FixedGuard(ANSWERS)  # type: ignore[arg-type]
    running = Running(app_of(service(tmp_path, guard, litellm=LiteLLM(policy="office", role="guest"))))
    params = {"role": "admin", "policy": "none"}
    post(running, request(additional_provider_specific_params=params))
    post(running, response("read_file", path="x") | {"additional_provider_specific_params": params})
    assert [context.user_role for context, _ in guard.asked] == ["guest"]
    running.close()


def test_several_calls_are_judged_together(office: Running) -> None:
    post(office, request())
    calls = [tool_call("read_file", "a", path="x"), tool_call("delete_file", "b", path="y")]
    assert assistant(*calls)["tool_calls"] == calls
    got = post(office, posted("response", tool_calls=calls))
    assert (got["action"], "delete_file" in got["blocked_reason"], "read_file" in got["blocked_reason"]) == (
        "BLOCKED",
        True,
        False,
    )
