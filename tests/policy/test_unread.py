"""What an unread part leaves open: whatever it may forbid or bound, in whatever words and shape; and nothing else."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest

from gatling.errors import InputError
from gatling.policy import recognise
from gatling.policy.unread import UnreadParts, mentions
from tests.builders import node, plan
from tests.policy.test_policies_as_written import LENIENT, STRICT

DENIALS = (
    "forbiden_operations disabled_tools no_access denied_commands neverCall off_limits veto suspended_tools needs_approval "
    "requires_human_review quarantine tools_denied DENY kill_switch permissions.deny locked"
).split()
TOOLS = ["delete_file", "send_money", "bash", "mcp__fs__delete_file", "wipeDisk"]
LIMITS = (
    "spending_limit max_payment budget_cap threshold quota_per_call caps_v2 constraints scope_limit Limits maxAmount payments "
    "money financial_controls upper_bounds maximum_transfer"
).split()


def denials_of(tool: str) -> list[Any]:
    return [
        [tool], tool, {tool: True}, {tool: "deny"}, {"tools": [tool]}, {"names": [{"tool": tool}]},
        [{"name": tool, "effect": "deny"}],
        {"clerk": [tool]}, f"{tool}, other_tool", [f"Do not ever call {tool} please."], {"x": {"y": [tool]}}, [[tool]],
        [f"{tool}(*)"],
        [tool.upper()], {"everyone": {tool: "no"}}, [f"{tool} *"], [{"id": "r1", "action": tool, "then": "stop"}],
    ]  # fmt: skip


BOUNDS: list[Any] = [
    {"send_money.amount": 100}, {"send_money": {"amount": {"above": 100}}}, {"send_money": {"amount": 100}},
    100, "100 EUR", "100",
    [{"tool": "send_money", "max_amount": 100}], [{"tool": "send_money", "amount": "<= 100"}], {"amount": 100}, {"payments": 100},
    {"payments": {"max": 100}}, {"max": 100}, {"tools": {"send_money": {"max_amount": 100}}}, {"send_money": 100},
    {"send_money": {"max": 100}}, {"send_money": {"limit": "100"}}, {"clerk": {"send_money": {"amount": 100}}},
    {"clerk": {"amount": 100}},
    {"everyone": {"amount": 100}}, {"default": 100}, {"money": {"out": {"max": 100}}}, [{"if": "amount > 100", "then": "deny"}],
    {"rule": "amount <= 100"}, "amount <= 100", ["send_money.amount <= 100"], {"send_money": ["amount <= 100"]},
    {"send_money": {"arguments": {"amount": {"maximum": 100}}}},
]  # fmt: skip


def verdict(policy: dict[str, Any], tool: str, **arguments: Any) -> str:
    """Return the answer of a guard whose critics have no say."""
    context = {"policy": policy, "user_role": "clerk"}
    return LENIENT.audit(context, plan(node(tool, arguments=arguments, provenance_tier=1))).verdict


@pytest.mark.parametrize("key", DENIALS)
def test_a_denial_in_any_words_and_shape_is_never_passed_over(key: str) -> None:
    for tool in TOOLS:
        for value, grants in itertools.product(denials_of(tool), (["*"], [*TOOLS, "list_mail"])):
            policy = {"allowed_operations": grants, key: value}
            assert verdict(policy, tool) != "allow", policy
            assert verdict(policy, "list_mail") == "allow", policy


@pytest.mark.parametrize("key", LIMITS)
def test_a_limit_in_any_words_and_shape_is_never_passed_over(key: str) -> None:
    for value, grants in itertools.product(BOUNDS, (["*"], ["send_money", "read_file"])):
        policy = {"allowed_operations": grants, key: value}
        assert verdict(policy, "send_money", amount=5000, to="bob") != "allow", policy
        assert verdict(policy, "read_file", path="a.txt") == "allow", policy


GRANTED = [
    "read_file",
    "send_money",
    "list_mail",
    "bash",
    "checkout",
    "get_total",
    "mcp__fs__delete_file",
    "get_payroll",
]


class _Part:
    def __init__(self, key: str, value: Any) -> None:
        self.tools: tuple[str, ...] = ()
        self.mentions = mentions((key,), value)


@pytest.mark.parametrize(
    ("key", "value", "about"),
    [
        ("forbiden_operations", ["delete_file"], ["mcp__fs__delete_file"]),
        ("forbiden", ["everything"], ["send_money", "bash", "checkout", "mcp__fs__delete_file"]),
        ("caps", {"send_money.ammount": 100}, ["send_money"]),
        ("caps", {"checkout.total": {"max": 300}}, ["checkout"]),
        ("no_access", ["payroll"], ["get_payroll"]),
        ("payments", {"max": 100}, ["send_money", "checkout"]),
        ("banned", ["delete_*"], ["mcp__fs__delete_file"]),
        ("x", {"allow": ["read_file"], "deny": ["payroll things"]}, ["read_file", "get_payroll"]),
        ("assistant", "repo-concierge", []),
        ("building", "North Wing", []),
        ("servers", ["github", "slack"], []),
        ("greeting", "Good morning from all of us", []),
        ("show", "Halbe Stunde / Half Hour", []),
        ("rate", "an hour, 40 at most", ["send_money", "bash", "checkout", "mcp__fs__delete_file"]),
        ("hours", "9-17", ["send_money", "bash", "checkout", "mcp__fs__delete_file"]),
        ("opening", "Mon-Fri 8-18", []),
        ("opening_hours", "9 to 5", []),
        ("opening", {"max": 9}, ["send_money", "bash", "checkout", "mcp__fs__delete_file"]),
        ("branches", {"stable": "bash/4.x", "dev": "main"}, []),
    ],
)
def test_what_a_part_is_about(key: str, value: Any, about: list[str]) -> None:
    parts = UnreadParts([_Part(key, value)], GRANTED)
    assert [tool for tool in GRANTED if parts.about(tool)] == about


def test_hostile_parts_take_linear_time() -> None:
    started = time.process_time()
    big = {f"k{i}": ["word " * 50, {f"x{j}": i for j in range(3)}] for i in range(3_000)}
    long = "word" * 20_000 + " deny " * 20_000
    policy = {
        "allowed_operations": [f"tool_{i}" for i in range(3_000)],
        "odd": big,
        "long": long,
        "many": ["a" * 60] * 3_000,
    }
    assert verdict(policy, "send_money") == "deny"
    assert verdict(policy, "tool_7") == "escalate"
    assert time.process_time() - started < 10


@pytest.mark.parametrize("key", ["scope_limits", "limits"])
def test_what_is_read_strictly_as_a_limit_is_one(key: str) -> None:
    """Against every shape of the value that it bounds."""
    more = [
        {"send_money.amount.value": 100}, {"*.amount": 100}, {"send*": {"amount": 100}}, {"SEND_MONEY.AMOUNT": 100},
        {"send_money": {"max_amount": 100}}, {"send_money": {"amounts": 100}}, {"send_money": {"sum_eur": 100}}, {"amount": 100},
        {"send_money": {"amount": {"in": [100]}}}, {"send_money": {"amount": "low"}},
    ]  # fmt: skip
    values = [5000, "5000", [5000], {"value": 5000}, '{"value": 5000}', "5.000,00"]
    calls = [{"amount": value} for value in values] + [{"total": 5000}, {"payment": {"amount": 5000}}]
    num_read = 0
    for value, grants in itertools.product(BOUNDS + more, (["*"], ["send_money", "read_file"])):
        policy = {"allowed_operations": grants, key: value}
        try:
            recognise(policy)
        except InputError:
            continue
        num_read += 1
        for arguments in calls:
            call = plan(node("send_money", arguments={**arguments, "to": "bob"}, provenance_tier=1))
            assert STRICT.audit({"policy": policy, "user_role": "clerk"}, call).verdict != "allow", (policy, arguments)
    assert num_read >= 20


def test_signs_and_digits_are_told_from_an_amount_at_once() -> None:
    """A text of signs that ends in a word has many ways to be cut, and one is tried."""
    started = time.perf_counter()
    for text in ("| --- " * 200 + "5 words", "1 - " * 5_000 + "x", "-" * 5_000 + "1z"):
        assert mentions((), text)
    assert time.perf_counter() - started < 2
