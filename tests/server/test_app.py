"""What is checked before anybody judges: where a request comes from, its token, its body, and whether anybody is free."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from gatling.errors import ConfigError, InputError
from gatling.server import Access, Bounds
from gatling.server.access import read_token
from gatling.testing import FixedGuard
from tests.server.asgi import AGENT, PERSON, Client, Got, Running, app_of, service

PLAN = {"nodes": [{"node_id": "n1", "tool_name": "read_file", "arguments": {"path": "a"}, "provenance_tier": 1}]}
ASKED = {"role": "clerk", "session_context": {"user_request": "Read a."}, "plan": PLAN}


def is_refusal(got: Got) -> bool:
    """Whether an answer says no in every word that a client may look at."""
    return got.status >= 400 and got.data["verdict"] == "deny" and got.data["may_run"] is False


def test_a_plan_is_judged(office: Running) -> None:
    got = office.ask("POST", "/v1/decisions", ASKED)
    assert (got.status, got.data["verdict"], got.data["may_run"]) == (200, "allow", True)
    nodes = [{**PLAN["nodes"][0], "tool_name": "delete_file"}]
    got = office.ask("POST", "/v1/decisions", {**ASKED, "plan": {"nodes": nodes}})
    assert (got.status, got.data["verdict"], got.data["may_run"]) == (200, "deny", False)
    assert office.ask("POST", "/v1/decisions", {**ASKED, "plan": {"nodes": "none"}}).data["verdict"] == "deny"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "empty"),
        (b"{", "not JSON: Expecting property name enclosed in double quotes at the end"),
        (b"[]", "the body is a list, wanted an object"),
        (b"\xff{}", "the body is not UTF-8 at byte 0"),
        (b'{"role": "a", "role": "b"}', "key 'role' stands twice in one mapping"),
        (b'{"role": NaN}', "role: nan is not a finite number"),
        (
            {**ASKED, "verdict": "allow"},
            "verdict: unknown field; known are plan, policy, repair, role, session_context",
        ),
        ({**ASKED, "role": 7}, "role: input should be a valid string"),
        ({**ASKED, "repair": "yes"}, "repair: input should be a valid boolean"),
        ({"role": "clerk"}, "plan: field required"),
        ({**ASKED, "policy": "other"}, "policy: there is no policy 'other'; this server has office"),
        (b'{"a":' * 5_000, "nested deeper than 64"),
    ],
)
def test_what_is_not_understood_is_one_sentence(office: Running, body: Any, message: str) -> None:
    got = office.ask("POST", "/v1/decisions", body)
    assert (got.status, got.data["error"]["message"]) == (400, message)
    assert is_refusal(got)


def test_paths_methods_and_queries(office: Running) -> None:
    for method, path, status in (
        ("GET", "/", 404),
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1/sessions/..%2f..%2fetc", 404),
        ("GET", "/v1/sessions/%ff", 404),
        ("GET", "/v1/sessions/a/b/c", 404),
        ("PUT", "/v1/decisions", 405),
        ("GET", "/v1/decisions", 405),
        ("GET", "/v1/sessions/never", 404),
    ):
        got = office.ask(method, path)
        assert got.status == status
        assert is_refusal(got)
    for query in ("limit=0", "limit=x", "limit=1001", "limit=1&limit=2", "other=1", "&&", "limit=" + "1" * 3_000):
        assert office.ask("GET", f"/v1/sessions?{query}", token=PERSON).status == 400, query


def test_bodies_are_bounded(tmp_path: Path) -> None:
    running = Running(app_of(service(tmp_path), bounds=Bounds(max_body_bytes=2_000, read_s=0.2)))
    long = {**ASKED, "role": "x" * 2_000}
    assert is_refusal(got := running.ask("POST", "/v1/decisions", long))
    assert got.status == 413
    assert running.ask("POST", "/v1/decisions", long, content_length="").status == 413  # a stream of pieces
    assert running.ask("POST", "/v1/decisions", ASKED, content_length="9" * 30).status == 413
    assert running.ask("POST", "/v1/decisions", ASKED, content_type="text/plain").status == 415
    assert running.ask("POST", "/v1/decisions", ASKED, content_encoding="gzip").status == 415
    assert running.ask("POST", "/v1/decisions", ASKED).status == 200

    async def slow() -> int:
        sent: list[Any] = []

        async def receive() -> Any:
            await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
        scope = {"type": "http", "method": "POST", "path": "/v1/decisions", "query_string": b"", "headers": headers}
        await running.app(scope, receive, send)
        return int(sent[0]["status"])

    assert running.run(slow()) == 408
    running.close()


def test_tokens(tmp_path: Path) -> None:
    running = Running(app_of(service(tmp_path), agents=AGENT))
    answer = {"answer": "approve", "by": "ann"}
    for method, path, data, token, status in (
        ("POST", "/v1/decisions", ASKED, AGENT, 200),
        ("POST", "/v1/decisions", ASKED, None, 401),
        ("POST", "/v1/decisions", ASKED, AGENT + "x", 401),
        ("POST", "/v1/decisions", ASKED, AGENT[:-1], 401),
        ("POST", "/v1/decisions", ASKED, "", 401),
        ("POST", "/v1/decisions", ASKED, PERSON, 403),
        ("GET", "/v1/approvals", None, AGENT, 403),
        ("GET", "/v1/approvals", None, None, 401),
        ("GET", "/v1/approvals", None, PERSON, 200),
        ("POST", "/v1/approvals/0123456789abcdef", answer, AGENT, 403),
        ("POST", "/v1/approvals/0123456789abcdef", answer, PERSON, 404),
        ("GET", "/health", None, None, 200),
        ("GET", "/ready", None, None, 200),
        ("GET", "/openapi.json", None, None, 200),
        ("POST", "/beta/litellm_basic_guardrail_api", {"input_type": "request"}, None, 401),
    ):
        got = running.ask(method, path, data, token=token)
        assert got.status == status, (path, token)
        assert status < 400 or is_refusal(got)
    assert running.ask("POST", "/v1/decisions", ASKED, authorization=f"Basic {AGENT}").status == 401
    assert running.ask("POST", "/v1/decisions", ASKED).headers["www-authenticate"] == "Bearer"
    running.close()


def test_without_a_token_a_browsers_pages_cannot_ask(office: Running) -> None:
    for host in ("localhost", "localhost:8787", "127.0.0.1:8787", "127.1.2.3", "[::1]:8787"):
        assert office.ask("POST", "/v1/decisions", ASKED, host=host).status == 200, host
    for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8787", "", "10.0.0.1", "[::2]"):
        assert office.ask("POST", "/v1/decisions", ASKED, host=host).status == 403, host
    assert office.ask("POST", "/v1/decisions", ASKED, origin="http://evil.example").status == 403
    assert office.ask("POST", "/v1/decisions", ASKED, origin="null").status == 403
    assert (
        office.ask("POST", "/v1/decisions", ASKED, host="localhost:8787", origin="http://localhost:9999").status == 403
    )
    assert (
        office.ask("POST", "/v1/decisions", ASKED, host="localhost:8787", origin="http://localhost:8787").status == 200
    )


def test_nobody_approves_without_the_token_of_people(tmp_path: Path) -> None:
    running = Running(app_of(service(tmp_path), approvers=None))
    got = running.ask("POST", "/v1/approvals/0123456789abcdef", {"answer": "approve", "by": "ann"})
    assert got.status == 403
    assert "no token for people" in got.data["error"]["message"]
    running.close()


def test_a_system_without_modes_of_files_is_not_asked_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "token"
    path.write_text("t" * 40)
    path.chmod(0o644)
    monkeypatch.setattr("gatling.server.access.sys.platform", "win32")
    assert read_token("token", None, path) == "t" * 40


def test_tokens_come_from_variables_and_private_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T", AGENT)
    assert read_token("token", "T", None) == AGENT
    with pytest.raises(
        ConfigError, match="the variable T holds no token"
    ):  # it is gone: what is started cannot read it
        read_token("token", "T", None)
    path = tmp_path / "token"
    path.write_text(f"{PERSON}\n")
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="can be read by other users"):
        read_token("token", None, path)
    path.chmod(0o600)
    assert read_token("token", None, path) == PERSON
    path.write_text("short")
    with pytest.raises(ConfigError, match="at least 16"):
        read_token("token", None, path)
    with pytest.raises(InputError):
        read_token("token", None, tmp_path / "missing")
    with pytest.raises(ConfigError, match="only one of"):
        read_token("token", "T", path)
    with pytest.raises(ConfigError, match="could approve their own calls"):
        Access(AGENT, AGENT)


def test_who_is_not_taken_now_is_told_when_to_ask_again(tmp_path: Path) -> None:
    """One worker that is held, a queue of two: the fourth request is refused, and those before it are answered."""
    begun, go_on = threading.Event(), threading.Event()

    def held(*_: Any) -> Any:
        begun.set()
        go_on.wait(20)
        return "allow"

    asked = service(tmp_path, FixedGuard(held, deadline_ms=None))
    running = Running(app_of(asked, bounds=Bounds(max_queue=2)))

    async def all_at_once() -> list[Got]:
        client = Client(running.app)
        first = asyncio.create_task(client.ask("POST", "/v1/decisions", ASKED))
        while not begun.is_set():
            await asyncio.sleep(0.01)
        waiting = [asyncio.create_task(client.ask("POST", "/v1/decisions", ASKED)) for _ in range(2)]
        await asyncio.sleep(0.05)
        refused = await client.ask("POST", "/v1/decisions", ASKED)
        assert (await client.ask("GET", "/ready")).status == 200  # busy is not broken
        go_on.set()
        return [refused, await first, *[await task for task in waiting]]

    refused, *answered = running.run(all_at_once())
    assert (refused.status, refused.headers["retry-after"], refused.data["error"]["code"]) == (503, "1", "busy")
    assert is_refusal(refused)
    assert [got.data["verdict"] for got in answered] == ["allow"] * 3
    running.app.is_stopping = True
    stopping = running.ask("POST", "/v1/decisions", ASKED)
    assert (stopping.status, stopping.data["error"]["code"], running.ask("GET", "/ready").status) == (
        503,
        "stopping",
        503,
    )
    assert running.ask("GET", "/health").status == 200
    running.close()


def test_who_waits_too_long_is_refused(tmp_path: Path) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def held(*_: Any) -> Any:
        begun.set()
        go_on.wait(20)
        return "allow"

    running = Running(app_of(service(tmp_path, FixedGuard(held, deadline_ms=None)), bounds=Bounds(max_wait_s=0.1)))

    async def two() -> tuple[Got, Got]:
        client = Client(running.app)
        first = asyncio.create_task(client.ask("POST", "/v1/decisions", ASKED))
        while not begun.is_set():
            await asyncio.sleep(0.01)
        second = await client.ask("POST", "/v1/decisions", ASKED)
        go_on.set()
        return await first, second

    first, second = running.run(two())
    assert (first.status, second.status) == (200, 503)
    running.close()
