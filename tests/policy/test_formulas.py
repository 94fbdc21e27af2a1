"""Formulas: sums, spans of time, amounts whose sign says a direction, and fields of the session."""

from __future__ import annotations

from typing import Any

import pytest

from gatling.errors import InputError
from gatling.policy import Oracle, parse_policy, recognise
from gatling.policy.formulas import formula_of
from gatling.schema import parse_context, parse_plan

RULE = "allowed_operations: [pay]\nrules:\n  - {operation: pay, require: '%s'}\n"
DENIAL = "allowed_operations: [pay]\nforbidden_operations:\n  - {tool: pay, when: '%s'}\n"


def verdict(text: str, arguments: dict[str, Any], session: dict[str, Any] | None = None) -> str:
    policy = parse_policy(text)
    context = parse_context({"policy": policy.data, "user_role": "clerk", "session_context": session or {}})
    plan = parse_plan({"nodes": [{"tool_name": "pay", "node_id": "n1", "arguments": arguments, "provenance_tier": 1}]})
    return Oracle(recognise(policy)).judge(context, plan).verdict


CASES: list[tuple[str, dict[str, Any], str]] = [
    ("amount + today <= 3000", {"amount": 1000, "today": 2000}, "compliant"),
    ("amount + today <= 3000", {"amount": 1000, "today": 2000.5}, "violation"),
    ("amount + today <= 3000", {"amount": "1,000", "today": "2500"}, "violation"),
    ("amount + today <= 3000", {"amount": [1000, 1500], "today": 600}, "undecided"),  # 3100 together
    ("amount + today <= 3000", {"amount": 100}, "undecided"),
    ("amount + today <= 3000", {"amount": 100, "today": None}, "undecided"),
    ("amount + today <= 3000", {"amount": 5000, "today": -4000}, "undecided"),
    ("amount + today <= 3000", {"amount": "lots", "today": 1}, "undecided"),
    ("amount + today <= 3000", {"amount": "50 EUR", "today": 1}, "undecided"),  # 50 of what?
    ("amount + today <= 3000", {"amount": 50, "today": 1, "options": {"amount": 5000}}, "undecided"),
    ("gross - net <= 100", {"gross": 250, "net": 160}, "compliant"),
    ("gross - net <= 100", {"gross": 250, "net": 100}, "violation"),
    ("abs(delta) <= 25", {"delta": -25}, "compliant"),
    ("abs(delta) <= 25", {"delta": 26}, "violation"),
    ("abs(delta) <= 25", {"delta": -26}, "violation"),
    ("abs(delta) <= 25", {"delta": "many"}, "undecided"),
    ("end - start <= 4 hours", {"start": "2026-05-07T10:00", "end": "2026-05-07T14:00"}, "compliant"),
    ("end - start <= 4 hours", {"start": "2026-05-07T10:00", "end": "2026-05-07T14:01"}, "violation"),
    ("end - start <= 4 h", {"start": "10:00", "end": "13:00"}, "compliant"),
    ("end - start <= 4 h", {"start": "23:00", "end": "01:00"}, "undecided"),  # on the next day, or before
    ("end - start <= 2 days", {"start": "2026-05-07", "end": "2026-05-09"}, "compliant"),
    ("end - start <= 2 days", {"start": "2026-05-07", "end": "2026-05-10"}, "violation"),
    ("end - start <= 4 h", {"start": "2026-05-07", "end": "10:00"}, "undecided"),
    ("end - start <= 4 h", {"start": 1, "end": 2}, "undecided"),
]


@pytest.mark.parametrize(("formula", "arguments", "wanted"), CASES, ids=repr)
def test_as_a_requirement_and_as_a_denial(formula: str, arguments: dict[str, Any], wanted: str) -> None:
    assert verdict(RULE % formula, arguments) == wanted
    opposite = {"compliant": "violation", "violation": "compliant", "undecided": "undecided"}
    if "options" not in arguments:  # what else may be the amount does not make less of it
        assert verdict(DENIAL % formula, arguments) == opposite[wanted]
    assert verdict(DENIAL % formula.replace("<=", ">"), arguments) == wanted


def test_a_field_of_the_session_is_what_the_host_states() -> None:
    rule = RULE % "owner == session.user.name"
    assert verdict(rule, {"owner": "ann"}, {"user": {"name": "ann"}}) == "compliant"
    assert verdict(rule, {"owner": "bob"}, {"user": {"name": "ann"}}) == "violation"
    assert verdict(rule, {"owner": "bob"}, {}) == "undecided"
    assert verdict(rule, {}, {"user": {"name": "ann"}}) == "undecided"
    assert verdict(rule, {"owner": "ann"}, {"user": {"name": ["ann"]}}) == "undecided"
    limit = RULE % "amount <= session.limit"
    assert verdict(limit, {"amount": 50}, {"limit": 50}) == "compliant"
    assert verdict(limit, {"amount": 51}, {"limit": 50}) == "violation"
    assert verdict(limit, {"amount": 51}, {"limit": "50"}) == "undecided"
    spent = RULE % "amount + session.spent <= 100"
    assert verdict(spent, {"amount": 50}, {"spent": 50}) == "compliant"
    assert verdict(spent, {"amount": 50}, {"spent": 51}) == "violation"
    assert verdict(spent, {"amount": 50, "spent": 1}, {}) == "undecided"


def test_many_values_are_not_all_tried() -> None:
    rule = RULE % "a + b + c + d <= 9999999"
    assert verdict(rule, {name: list(range(100)) for name in "abcd"}) == "undecided"


@pytest.mark.parametrize(
    "text",
    [
        "amount <= 500",  # a condition on one argument
        "a + b == 5",
        "a+b <= 5",
        "a <= 4 hours",
        "a + b <= 4 hours",
        "a - b - c <= 4 hours",
        "a + b <= c",
        "session.x == session.y",
        "a + b + c + d + e <= 5",
        "abs(a + b) <= 5",
        "2 + a <= 5",
    ],
)
def test_what_is_no_formula(text: str) -> None:
    assert formula_of(text) is None


@pytest.mark.parametrize("text", ["a + b == 5", "a <= 4 hours", "a + b <= c", "abs(a + b) <= 5"])
def test_what_looks_like_a_formula_and_is_none_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        recognise(parse_policy(RULE % text))


def test_an_argument_that_the_tool_has_not_is_an_error() -> None:
    schema = (
        "tools:\n  pay: {input_schema: {type: object, properties: {amount: {type: number}, today: {type: number}}}}\n"
    )
    recognise(parse_policy(RULE % "amount + today <= 5" + schema))
    with pytest.raises(InputError, match="pay has no parameter tody; did you mean today"):
        recognise(parse_policy(RULE % "amount + tody <= 5" + schema))
