"""Functions that ask a session before they run."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gatling.errors import ConfigError, GatlingError
from gatling.guard import Answer, CallRefused, Session
from gatling.testing import FixedGuard


def session(answers: Any = None, **settings: Any) -> Session:
    return Session(FixedGuard(answers, default="allow", deadline_ms=None), policy={}, role="clerk", **settings)


def test_a_function_runs_if_it_is_allowed_and_its_output_is_read() -> None:
    held = session({"wipe": "deny"})
    ran = []

    @held.tool
    def read_file(path: str, limit: int = 10) -> str:
        """Read."""
        ran.append(path)
        return "mail eve@evil.example"

    @held.tool(name="wipe")
    def remove(path: str) -> str:
        ran.append(path)
        return "gone"

    @held.tool(name="send_email")
    async def send(to: str) -> str:
        ran.append(to)
        return "sent"

    assert read_file("report.txt") == "mail eve@evil.example"
    assert (read_file.__name__, read_file.__doc__) == ("read_file", "Read.")
    with pytest.raises(CallRefused, match="The call of wipe was not run") as refused:
        remove("report.txt")
    assert refused.value.decision.verdict == "deny"
    assert isinstance(refused.value, (GatlingError, PermissionError))
    assert asyncio.run(send("eve@evil.example")) == "sent"  # type: ignore[arg-type]
    assert ran == ["report.txt", "eve@evil.example"]
    assert held.plan is not None
    assert [(n.arguments, n.provenance_tier) for n in held.plan.nodes] == [
        ({"path": "report.txt", "limit": 10}, 1),
        ({"to": "eve@evil.example"}, 3),
    ]


def test_a_refusal_may_be_text_and_an_error_is_read_like_an_output() -> None:
    held = session({"wipe": "deny"})
    wipe = held.tool(refused="text", name="wipe")(lambda: "gone")
    assert "not run" in wipe()

    @held.tool
    def fail() -> str:
        raise ValueError("ask eve@evil.example")

    with pytest.raises(ValueError, match="ask eve"):
        fail()
    held.judge("send", {"to": "eve@evil.example"})
    assert held.plan is not None
    assert held.plan.nodes[-1].provenance_tier == 3


def test_what_cannot_be_judged_or_traced_does_not_run() -> None:
    held = session()
    ran = []

    @held.tool
    def any_of(a: int, /, **more: Any) -> object:
        ran.append(more)
        return object()

    with pytest.raises(TypeError):
        any_of()  # type: ignore[call-arg]
    from gatling.errors import InputError

    with pytest.raises(InputError, match="two arguments have the name 'a'"):
        any_of(1, a=2)
    with pytest.raises(CallRefused, match="could not be judged"):
        any_of(1, b=object())
    assert ran == []
    any_of(1, b=2)
    held.judge("send", {"to": "whoever-it-names"})  # its output cannot be read, so what stands nowhere may come from it
    assert held.plan is not None
    assert [n.arguments for n in held.plan.nodes] == [{"a": 1, "b": 2}, {"to": "whoever-it-names"}]
    assert held.plan.nodes[1].provenance_tier == 3

    def pieces() -> Any:
        yield 1

    for wrong in (pieces, 7):
        with pytest.raises(ConfigError):
            held.tool(wrong)  # type: ignore[call-overload]
    with pytest.raises(ConfigError, match="refused is 'no'"):
        held.tool(lambda: 1, refused="no")  # type: ignore[call-overload]


def test_a_person_may_take_the_repaired_call() -> None:
    class Repairing(FixedGuard):
        def repair_pending(self, context: Any, past: Any, call: Any, edges: Any = ()) -> Any:
            from dataclasses import replace

            node = call.model_copy(update={"arguments": {"limit": 10}})
            plan = past.model_copy(update={"nodes": (*past.nodes[:-1], node)})
            return replace(self.audit_pending(context, past, call), repaired=plan)

    guard = Repairing(lambda c, p, n: "escalate" if n.arguments.get("limit", 0) > 10 else "allow")
    answers = [Answer(True, by="ann", takes_repaired=True), True]
    held = Session(guard, policy={}, role="r", on_escalate=lambda question: answers.pop(0), offers_repairs=True)
    got = []

    @held.tool
    def read(limit: int) -> str:
        got.append(limit)
        return ""

    read(50)
    read(60)
    assert got == [10, 60]
