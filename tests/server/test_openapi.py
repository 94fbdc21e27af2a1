"""The OpenAPI document is one, says what the server does, and what the server answers is what it says."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from gatling.server.bodies import Body, Shown
from gatling.server.routes import ROUTES
from gatling.testing import assistant, tool_call
from tests.server.asgi import PERSON, Running


@pytest.fixture
def document(office: Running) -> dict[str, Any]:
    got = office.ask("GET", "/openapi.json")
    assert got.status == 200
    return dict(got.data)


def test_it_is_an_openapi_document(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(document).validate()
    document["paths"]["/health"]["get"]["responses"] = 7  # the validator does look
    with pytest.raises(Exception, match="7 is not"):
        OpenAPIV31SpecValidator(document).validate()


def test_it_has_the_routes_that_the_server_has(document: dict[str, Any], office: Running) -> None:
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert described == {(route.method, route.path) for route in ROUTES}
    ids = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(set(ids)) == len(ids)
    for method, path in described:  # each is answered by something else than "there is nothing here"
        got = office.ask(
            method, path.replace("{session}", "s1").replace("{approval}", "a1"), {} if method == "POST" else None
        )
        assert got.status != 405
        assert got.status != 404 or got.data["error"]["message"].startswith("there is no session")
        assert (got.status == 401) is (document["paths"][path][method.lower()]["security"] == [{"approver": []}])


def test_answers_are_what_it_says(document: dict[str, Any], office: Running) -> None:
    """Every route is asked, with success and with an error, and every answer is checked by the schema of its status."""
    seen: set[tuple[str, int]] = set()

    def checked(name: str, method: str, path: str, data: Any = None) -> Any:
        got = office.ask(method, path, data, token=PERSON if name in PEOPLE else None)
        [operation] = [o for item in document["paths"].values() for o in item.values() if o["operationId"] == name]
        schema = operation["responses"][str(got.status)]["content"]["application/json"]["schema"]
        jsonschema.Draft202012Validator({**schema, "components": document["components"]}).validate(got.data)
        seen.add((name, got.status))
        return got.data

    PEOPLE = {route.name for route in ROUTES if route.who == "approvers"}
    plan = {"nodes": [{"node_id": "n1", "tool_name": "delete_file", "arguments": {}, "provenance_tier": 1}]}
    checked("health", "GET", "/health")
    checked("ready", "GET", "/ready")
    checked("openapi", "GET", "/openapi.json")
    checked("begin_session", "POST", "/v1/sessions", {"role": "clerk", "id": "s1", "request": "Read a."})
    checked("begin_session", "POST", "/v1/sessions", {"role": "clerk", "id": "s1"})
    checked("begin_session", "POST", "/v1/sessions", {})
    checked(
        "add_message",
        "POST",
        "/v1/sessions/s1/messages",
        {"message": assistant(tool_call("read_file", "c1", path="a"))},
    )
    checked("judge_call", "POST", "/v1/sessions/s1/calls", {"tool_name": "delete_file", "arguments": {"a": 1}})
    asked = checked("judge_call", "POST", "/v1/sessions/s1/calls", {"tool_name": "send_email", "arguments": {"a": 1}})
    checked("list_approvals", "GET", "/v1/approvals")
    for _ in range(2):
        checked("answer_approval", "POST", f"/v1/approvals/{asked['pending']}", {"answer": "approve", "by": "ann"})
    checked("answer_approval", "POST", "/v1/approvals/none", {"answer": "approve", "by": "ann"})
    checked("judge_call", "POST", "/v1/sessions/s1/calls", {"tool_name": "send_email", "arguments": {"a": 1}})
    checked("add_result", "POST", "/v1/sessions/s1/results", {"call_id": "c1", "output": "text"})
    checked("add_text", "POST", "/v1/sessions/s1/texts", {"by": "user", "text": "Hello."})
    checked("judge_plan", "POST", "/v1/decisions", {"role": "clerk", "plan": plan, "repair": True})
    checked("show_session", "GET", "/v1/sessions/s1")
    checked("list_sessions", "GET", "/v1/sessions")
    checked("list_sessions", "GET", "/v1/sessions?limit=0")
    checked("stop_session", "POST", "/v1/sessions/s1/stop", {})
    checked("show_session", "GET", "/v1/sessions/s1")
    checked("delete_session", "DELETE", "/v1/sessions/s1")
    checked("show_session", "GET", "/v1/sessions/s1")
    request = {
        "input_type": "request",
        "litellm_call_id": "1",
        "structured_messages": [{"role": "user", "content": "Read a."}],
    }
    checked("guardrail", "POST", "/beta/litellm_basic_guardrail_api", request)
    checked("guardrail", "POST", "/beta/litellm_basic_guardrail_api", {})
    assert {name for name, status in seen if status < 300} == {route.name for route in ROUTES}
    assert {status for _, status in seen} == {200, 201, 400, 404, 409}


def test_every_field_is_described_and_closed(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for route in ROUTES:
        for model in (route.body, route.answer):
            if model in (None, Shown, Body):
                continue
            assert schemas[model.__name__]["additionalProperties"] is False, model
            assert schemas[model.__name__]["description"]
    assert json.dumps(document).count('"operationId"') == len(ROUTES)
