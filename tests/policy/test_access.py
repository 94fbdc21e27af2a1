"""Who may do what: cells agree with the oracle, and say in words what they rest on."""

from __future__ import annotations

import random

import pytest

from gatling.policy import Asked, Oracle, parse_policy, recognise
from gatling.policy.access import EVERYBODY, NOBODY_NAMED, access_table
from gatling.schema import parse_context, parse_plan
from tests.policy.random_rules import random_call, random_policy
from tests.sizes import num_cases

POLICY = """\
allowed_operations: [list_mail, {tool: send_mail, roles: [clerk], when: amount <= 5}, "calendar_*"]
forbidden_operations: [purge_*, {tool: calendar_write, when: {amount: {">": 7}}}]
scope_limits: {list_mail.limit: 50, list_mail.per_request: 3}
allowed_domains: [acme.com]
requires_before: {send_mail: list_mail}
explicit_request_required: [send_mail]
roles: {boss: {allowed_operations: [delete_mail], inherits: clerk}, clerk: {forbidden_operations: [delete_mail]}}
rules:
  - {operation: send_mail, when: {amount: {">": 3}}, require: {session.approved: true}}
review:
  - {text: "May it clear a calendar?", reason: "nobody knows", tools: [calendar_clear]}
default: deny
"""


def test_cells_say_what_must_hold() -> None:
    table = access_table(recognise(parse_policy(POLICY)), tools=["calendar_clear"])
    assert table.roles == ("boss", "clerk", NOBODY_NAMED)
    cells = table.cells
    assert cells["list_mail", "clerk"].conditions == ("records and limit <= 50", "calls of it <= 3")
    assert cells["send_mail", "clerk"].answer == "if"
    assert cells["send_mail", "clerk"].conditions == (
        "amount <= 5",
        "data of list_mail reaches it",
        "the request asks for it",
        "where amount > 3: session.approved is true",
    )
    assert cells["send_mail", NOBODY_NAMED].answer == "none"
    assert cells["delete_mail", "boss"].answer == "no"  # a denial of the role that it inherits from holds
    assert cells["delete_mail", "boss"].conditions == ("forbidden by roles.clerk.forbidden_operations[0] (line 7)",)
    assert cells["calendar_*", "clerk"].answer == "yes"
    assert cells["calendar_write", "clerk"].conditions == ("not amount > 7",)
    assert cells["calendar_clear", "clerk"].answer == "open"
    assert cells["purge_*", "clerk"].answer == "no"
    assert cells["*", "clerk"].answer == "none"
    assert table.general == ("it goes only to acme.com (allowed_domains (line 4))",)


def test_without_roles_there_is_one_column() -> None:
    table = access_table(recognise(parse_policy("allowed_operations: ['*']\nforbidden_operations: [drop_table]\n")))
    assert table.roles == (EVERYBODY,)
    assert table.cells["*", EVERYBODY].answer == "yes"
    assert table.cells["drop_table", EVERYBODY].answer == "no"
    table = access_table(recognise(parse_policy("default: allow\nscope_limits: {read_file.limit: 5}\n")))
    assert [table.cells[t, EVERYBODY].answer for t in ("read_file", "*")] == ["if", "yes"]


@pytest.mark.parametrize("seed", range(num_cases(many=400, few=60)))
def test_cells_agree_with_the_oracle(seed: int) -> None:
    rng = random.Random(seed)
    policy = random_policy(rng)
    rules = recognise(policy, strict=False)
    oracle = Oracle(rules)
    table = access_table(rules)
    roles = [role for role in table.roles if role not in (NOBODY_NAMED, EVERYBODY)] or ["clerk"]
    for _ in range(12):
        call = random_call(rng)
        role = rng.choice(roles)
        cell = table.cells.get((call["tool_name"], role if role in table.roles else EVERYBODY))
        if cell is None:
            continue
        context = parse_context({"policy": policy, "user_role": role, "session_context": {}})
        plan = parse_plan({"nodes": [call], "edges": []})
        verdict = oracle.judge(context, plan, asked=Asked(frozenset(["n1"]))).verdict
        if cell.answer in ("no", "none"):
            assert verdict == "violation", (policy, call, cell)
        elif cell.answer == "yes" and not table.general:
            assert verdict == "compliant", (policy, call, cell)
