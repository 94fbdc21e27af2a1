"""Lists of bounds: all of them hold, or one does, as the key says; where it does not say, the narrower reading is taken."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gatling.policy import Oracle, parse_policy, recognise
from gatling.policy.convert import convert
from gatling.schema import parse_context, parse_plan
from gatling.tools.derive import make_tool
from gatling.tools.spec import Parameter, ToolSpec

TOOLS: dict[str, ToolSpec] = {
    name: make_tool(
        name, domain="x", vendor="x", description="x", parameters=tuple(Parameter(n, t) for n, t in of.items())
    )
    for name, of in {
        "pay": {"amount": "number", "currency": "string", "payee": "string"},
        "refund_order": {"amount": "number", "order": "string"},
    }.items()
}
CAP, EURO = {"amount": {"max": 100}}, {"currency": "EUR"}


def verdict(entry: dict[str, Any], tool: str, **arguments: Any) -> str:
    """Return what the converted policy of one entry says of a call."""
    made = convert(json.dumps({"rules": [entry]}), file="p.json", tools=TOOLS)
    policy = parse_policy(made.text).data
    oracle = Oracle(recognise(policy), tools=tuple(TOOLS))
    plan = parse_plan({"nodes": [{"tool_name": tool, "node_id": "n1", "arguments": arguments}]})
    return oracle.judge(parse_context({"policy": policy, "user_role": "clerk"}), plan).verdict


@pytest.mark.parametrize(
    "key", ["all", "and", "all_of", "every", "both", "conditions", "when", "requires", "constraints", "where"]
)
def test_all_of_a_list_hold(key: str) -> None:
    entry = {"tool": "pay", "effect": "allow", key: [CAP, EURO]}
    assert verdict(entry, "pay", amount=50, currency="EUR", payee="Ann") == "compliant"
    assert verdict(entry, "pay", amount=999_999, currency="EUR", payee="Mallory") == "violation"
    assert verdict(entry, "pay", amount=50, currency="USD", payee="Ann") == "violation"


@pytest.mark.parametrize("key", ["any", "any_of", "or", "one_of", "either"])
def test_one_of_a_list_holds(key: str) -> None:
    entry = {"tool": "pay", "effect": "allow", key: [CAP, {"currency": "CHF"}]}
    assert verdict(entry, "pay", amount=50, currency="EUR", payee="Ann") == "compliant"
    assert verdict(entry, "pay", amount=500, currency="CHF", payee="Ann") == "compliant"
    assert verdict(entry, "pay", amount=500, currency="EUR", payee="Ann") == "violation"


@pytest.mark.parametrize("key", ["criteria", "checks", "xyz", "match"])
def test_a_list_under_a_key_that_says_neither_grants_no_more_than_all_of_it(key: str) -> None:
    entry = {"tool": "pay", "effect": "allow", key: [CAP, EURO]}
    assert verdict(entry, "pay", amount=999_999, currency="EUR", payee="Mallory") != "compliant"
    assert verdict(entry, "pay", amount=50, currency="USD", payee="Mallory") != "compliant"


def test_lists_within_lists_are_to_decide() -> None:
    entry = {
        "tool": "pay",
        "effect": "allow",
        "all": [CAP, {"any": [EURO, {"currency": "CHF"}]}, {"not": {"payee": "Mallory"}}],
    }
    for arguments in (
        {"amount": 999, "currency": "EUR"},
        {"amount": 9, "currency": "EUR"},
        {"amount": 9, "currency": "USD"},
    ):
        assert verdict(entry, "pay", payee="Mallory", **arguments) != "compliant"


def test_of_a_denial_whose_list_may_be_meant_either_way_all_is_denied() -> None:
    both = {"tool": "pay", "effect": "deny", "all": [{"amount": {"min": 50}}, {"currency": "USD"}]}
    assert verdict(both, "pay", amount=60, currency="USD", payee="x") == "violation"
    either = {"tool": "pay", "effect": "deny", "conditions": [{"amount": {"min": 50}}, {"currency": "USD"}]}
    for amount, currency in ((60, "EUR"), (10, "USD"), (60, "USD")):
        assert verdict(either, "pay", amount=amount, currency=currency, payee="x") == "violation"


def test_a_label_that_is_a_parameter_is_a_bound() -> None:
    entry = {"tool": "refund_order", "effect": "allow", "requires": [CAP, {"order": "X1"}]}
    assert verdict(entry, "refund_order", amount=10, order="X1") == "compliant"
    assert verdict(entry, "refund_order", amount=10, order="X2") == "violation"
    assert (
        verdict({"tool": "refund_order", "effect": "allow", "order": "X1"}, "refund_order", amount=10, order="X2")
        != "compliant"
    )


def test_cases_of_an_entry_stay_cases() -> None:
    entry = {"tool": "pay", "cases": [{"effect": "allow", "currency": "EUR"}, {"effect": "deny", "currency": "USD"}]}
    assert verdict(entry, "pay", amount=5, currency="EUR", payee="x") == "compliant"
    assert verdict(entry, "pay", amount=5, currency="USD", payee="x") == "violation"


def test_a_key_of_a_tool_that_is_not_understood_leaves_its_calls_open() -> None:
    text = "[clerk]\npay = yes\npay.require_receipt_seen = true\n[boss]\nrefund_order = yes\n"
    policy = parse_policy(convert(text, file="p.ini", tools=TOOLS).text).data
    items = [item for item in policy["review"] if "require_receipt_seen" in item["text"]]
    assert [item["tools"] for item in items] == [["pay"]]


def test_blocks_beside_each_other_that_speak_of_the_same_tools_say_where_they_hold() -> None:
    venues = {
        "great_hall": {"pay": {"roles": ["clerk"]}, "refund_order": {"roles": ["boss"]}},
        "annex": {"pay": {"roles": ["clerk", "apprentice"]}},
    }
    policy = dict(parse_policy(convert(json.dumps({"venues": venues}), file="p.json", tools=TOOLS).text).data)
    assert {tool for item in policy["review"] for tool in item["tools"]} >= {"pay"}
    policy.pop("review")
    plan = parse_plan({"nodes": [{"tool_name": "pay", "node_id": "n1", "arguments": {"amount": 1}}]})
    context = parse_context({"policy": policy, "user_role": "apprentice"})
    assert Oracle(recognise(policy), tools=tuple(TOOLS)).judge(context, plan).verdict == "violation"
