"""What a session may do in all, and how often the same call may be refused."""

from __future__ import annotations

from typing import Any

import pytest

from gatling.energy import Code
from gatling.errors import ConfigError
from gatling.guard import Limits, Session
from gatling.guard.limits import Counters
from gatling.testing import FixedGuard


def session(answers: Any = None, **limits: Any) -> Session:
    return Session(
        FixedGuard(answers, default="allow", deadline_ms=None), policy={}, role="clerk", limits=Limits(**limits)
    )


def test_calls_in_all_and_by_tool() -> None:
    held = session(calls=4, tool_calls={"send_*": 2})
    tools = ["send_a", "read", "send_b", "send_c", "read", "read"]
    assert [held.judge(tool, {}).verdict for tool in tools] == ["allow", "allow", "allow", "deny", "allow", "deny"]
    assert held.judge("read", {}).reasons[0].code == Code.BUDGET


def test_sums_over_all_places_of_an_argument() -> None:
    held = session(sums={"pay": {"amount": 100, "items.price": 50}})
    amounts = [
        ({"amount": 60, "items": [{"price": 20}, {"price": 20}]}, "allow"),
        ({"amount": 41, "items": [{"price": 1}]}, "deny"),  # 101
        ({"amount": "40", "items": [{"price": 10.0}]}, "allow"),  # exactly 100 and 50
        ({"amount": 0, "items": [{"price": 0.01}]}, "deny"),
        ({"amount": 0, "items": [{"price": 0}]}, "allow"),
    ]
    assert [held.judge("pay", arguments).verdict for arguments, _ in amounts] == [verdict for _, verdict in amounts]
    assert held.judge("read", {"amount": 10**9}).verdict == "allow"  # another tool


@pytest.mark.parametrize(
    "amount", [-5, "-5", "1.000", "1e3", "1,5", True, None, [], {}, "ten", float("1e308") * -1], ids=range(11)
)
def test_what_is_no_plain_amount_is_denied(amount: Any) -> None:
    decision = session(sums={"pay": {"amount": 10**9}}).judge("pay", {"amount": amount})
    assert (decision.verdict, decision.reasons[0].code) == ("deny", Code.BUDGET)
    assert session(sums={"pay": {"amount": 10**9}}).judge("pay", {}).verdict == "deny"


def test_amounts_add_up_exactly() -> None:
    held = session(sums={"pay": {"amount": 0.3}})
    assert [held.judge("pay", {"amount": "0.1"}).verdict for _ in range(4)] == ["allow", "allow", "deny", "deny"]
    held = session(sums={"pay": {"amount": 1}})
    assert [held.judge("pay", {"amount": 10**400 if n else 1}).verdict for n in range(2)] == ["allow", "deny"]


def test_a_denied_call_uses_up_nothing() -> None:
    held = session({"wipe": "deny", "pay": "escalate"}, calls=1)
    assert [held.judge(tool, {}).verdict for tool in ("wipe", "pay", "read", "read")] == [
        "deny",
        "escalate",
        "allow",
        "deny",
    ]


def test_time_ends_a_session() -> None:
    now = [0.0]
    counters = Counters(Limits(minutes=2), clock=lambda: now[0])
    verdicts = []
    for now[0] in (0.0, 120.0, 120.5):
        denied = counters.before("d")
        verdicts.append(None if denied is None else denied.reasons[0].code)
    assert verdicts == [None, None, Code.BUDGET]


def test_the_same_refused_call_over_and_over_is_not_judged_any_more() -> None:
    guard = FixedGuard({"wipe": "deny"}, default="allow", deadline_ms=None)
    held = Session(guard, policy={}, role="r", limits=Limits(same_refused=3))
    codes = [held.judge("wipe", {"disk": 1}).reasons[0].code for _ in range(5)]
    assert codes == [Code.FORBIDDEN] * 3 + [Code.LOOP] * 2
    assert len(guard.asked) == 3
    assert held.judge("wipe", {"disk": 2}).reasons[0].code == Code.FORBIDDEN  # another call
    for _ in range(9):  # a framework that asks again, by the same id
        assert held.judge("wipe", {"disk": 3}, call_id="c").reasons[0].code == Code.FORBIDDEN
    waits = Session(
        FixedGuard(default="escalate", deadline_ms=None), policy={}, role="r", limits=Limits(same_refused=1)
    )
    ids = {waits.judge("pay", {}).pending for _ in range(5)}
    assert len(ids) == 1  # it waits for a person, who is asked once
    unbounded = Session(FixedGuard(deadline_ms=None), policy={}, role="r", limits=Limits(same_refused=None))
    assert {unbounded.judge("x", {}).reasons[0].code for _ in range(20)} == {Code.FORBIDDEN}


def test_hostile_refusals_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatling.guard.limits.MAX_REMEMBERED", 5)
    counters = Counters(Limits(same_refused=3))
    for n in range(50):
        counters.refused(f"d{n}", f"c{n}")
    assert len(counters._refused) == 6
    assert counters.before("d1000") is not None


@pytest.mark.parametrize(
    "limits",
    [
        {"calls": -1},
        {"calls": "5"},
        {"minutes": float("nan")},
        {"same_refused": True},
        {"tool_calls": {"a": float("inf")}},
        {"sums": {"pay": {"amount": None}}},
    ],
    ids=range(6),
)
def test_a_bound_that_is_none_is_refused(limits: Any) -> None:
    with pytest.raises(ConfigError, match="wanted a finite number of 0 or more"):
        Limits(**limits)
