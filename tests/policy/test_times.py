"""Hours and days in rules: what a call states is within them, or not, or it is not clear."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from gatling.errors import InputError
from gatling.policy import Oracle, parse_policy, recognise
from gatling.policy.clauses import Condition, Operator
from gatling.policytest.fitting import CallDraft, meet
from gatling.schema import parse_context, parse_plan

RULE = "allowed_operations: [book]\nrules:\n  - {operation: book, require: {%s}}\n"
DENIAL = "allowed_operations: [book]\nforbidden_operations:\n  - {tool: book, when: {%s}}\n"


def verdict(text: str, arguments: dict[str, Any], session: dict[str, Any] | None = None) -> str:
    policy = parse_policy(text)
    context = parse_context({"policy": policy.data, "user_role": "clerk", "session_context": session or {}})
    plan = parse_plan({"nodes": [{"tool_name": "book", "node_id": "n1", "arguments": arguments, "provenance_tier": 1}]})
    return Oracle(recognise(policy)).judge(context, plan).verdict


HOURS = [
    # rule, value, as a requirement, as a denial
    ("08:00-17:30", "2026-06-11T08:00", "compliant", "violation"),
    ("08:00-17:30", "2026-06-11 17:30", "compliant", "violation"),
    ("08:00-17:30", "17:30:01", "violation", "compliant"),
    ("8-17", "07:59", "violation", "compliant"),
    ("22:00-07:00", "23:15", "compliant", "violation"),
    ("22:00-07:00", "06:59", "compliant", "violation"),
    ("22:00-07:00", "12:00", "violation", "compliant"),
    ("20:00-24:00", "23:59:59", "compliant", "violation"),
    ("08:00-17:30", "2026-06-11T08:00Z", "undecided", "undecided"),  # which hour is that here?
    ("08:00-17:30", "2026-06-11T08:00+02:00", "undecided", "undecided"),
    ("08:00-17:30", "2026-06-11", "undecided", "undecided"),
    ("08:00-17:30", "ten o'clock", "undecided", "undecided"),
    ("08:00-17:30", 1_749_600_000, "undecided", "undecided"),
    ("08:00-17:30", "25:00", "undecided", "undecided"),
    ("08:00-17:30", "2026-02-30T10:00", "undecided", "undecided"),
    ("08:00-17:30", ["09:00", "10:00"], "compliant", "violation"),
    ("08:00-17:30", ["09:00", "19:00"], "violation", "violation"),
    ("08:00-17:30", ["09:00", "later"], "undecided", "violation"),
    ("08:00-17:30", "9" * 10_000, "undecided", "undecided"),
]
DAYS = [
    ("mon-fri", "2026-06-11", "compliant", "violation"),  # a Thursday
    ("mon-fri", "2026-06-13T10:00", "violation", "compliant"),
    ("mon-fri", "Saturday", "violation", "compliant"),
    ("mon-fri", "thu", "compliant", "violation"),
    ("fri-mon", "Sunday", "compliant", "violation"),
    ("fri-mon", "Wednesday", "violation", "compliant"),
    ("weekdays", "tues", "compliant", "violation"),
    ("weekend", "tues", "violation", "compliant"),
    ("mon-fri", "10:00", "undecided", "undecided"),
    ("mon-fri", "someday", "undecided", "undecided"),
]


@pytest.mark.parametrize(("rule", "value", "required", "forbidden"), HOURS, ids=repr)
def test_hours(rule: str, value: Any, required: str, forbidden: str) -> None:
    assert verdict(RULE % f"start: {{hours: {rule}}}", {"start": value}) == required
    assert verdict(DENIAL % f"start: {{hours: {rule}}}", {"start": value}) == forbidden


@pytest.mark.parametrize(("rule", "value", "required", "forbidden"), DAYS, ids=repr)
def test_days(rule: str, value: Any, required: str, forbidden: str) -> None:
    assert verdict(RULE % f"start: {{days: {rule}}}", {"start": value}) == required
    assert verdict(DENIAL % f"start: {{days: {rule}}}", {"start": value}) == forbidden


def test_several_spans_and_both_at_once() -> None:
    rule = RULE % "start: {hours: ['05-08', '20-22'], days: [mon-thu, sat]}"
    assert verdict(rule, {"start": "2026-06-11T21:00"}) == "compliant"
    assert verdict(rule, {"start": "2026-06-11T12:00"}) == "violation"
    assert verdict(rule, {"start": "2026-06-12T21:00"}) == "violation"  # a Friday


def test_what_is_not_stated_is_not_kept() -> None:
    assert verdict(RULE % "start: {hours: 8-17}", {}) == "undecided"
    assert verdict(RULE % "start: {hours: 8-17}", {"start": None}) == "undecided"
    grant = "allowed_operations: [{tool: book, when: {start: {hours: 8-17}}}]"
    assert verdict(grant, {}) == "violation"
    assert verdict(grant, {"start": "09:00"}) == "compliant"


def test_the_time_of_the_session_is_what_its_host_states() -> None:
    rule = RULE % "session.time: {hours: 8-17, days: mon-fri}"
    assert verdict(rule, {}, {"time": "2026-06-11T10:00"}) == "compliant"
    assert verdict(rule, {}, {"time": "2026-06-13T10:00"}) == "violation"
    assert verdict(rule, {"time": "2026-06-11T10:00"}, {}) == "undecided"


@pytest.mark.parametrize(
    "wanted",
    [
        "hours: 9",
        "hours: 9-25",
        "hours: noon",
        "hours: [8-17, late]",
        "days: someday",
        "days: 5",
        "days: []",
        "hours: 8-8",
    ],
)
def test_what_is_no_hour_and_no_day_is_refused(wanted: str) -> None:
    with pytest.raises(InputError, match="hours such as|days such as|wanted"):
        recognise(parse_policy(RULE % f"start: {{{wanted}}}"))


@pytest.mark.parametrize("key", ["hours: 8-17", "business_hours: 8-17", "days: mon-fri"])
def test_a_time_without_what_states_it_is_refused_with_where_it_belongs(key: str) -> None:
    with pytest.raises(InputError, match="belong to what states the time"):
        recognise(parse_policy(f"allowed_operations: [book]\n{key}\n"))


def test_a_call_can_be_fitted_to_hours_and_days() -> None:
    """As `gatling policy test` does, so that a policy with times can be attacked."""
    call = CallDraft("book", {}, sensitivity=1)
    checks = (
        Condition("argument:start", Operator.HOURS, ("20-22",)),
        Condition("argument:start", Operator.DAYS, ("sat",)),
    )
    assert all(meet(Random(0), call, check, {}) for check in checks)
    assert verdict(RULE % "start: {hours: 20-22, days: sat}", call.arguments) == "compliant"
