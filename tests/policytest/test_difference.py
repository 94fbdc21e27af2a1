"""Two policies: what changed is found, with a call that shows it, and what did not change is not reported."""

from __future__ import annotations

import random
from typing import Any

import pytest

from gatling.policy import Asked, Oracle, PolicySource, parse_policy, recognise
from gatling.policytest import Difference, difference
from gatling.policytest.difference import UNNAMED_TOOL
from gatling.schema import GovernanceContext, parse_trace
from gatling.tools import load_catalog
from tests.builders import context, node, plan, record
from tests.policy.random_rules import random_call, random_policy
from tests.sizes import num_cases

SPECS = load_catalog(["builtin"])
BASE = """\
allowed_operations: [list_emails, send_email, {tool: delete_email, roles: [boss]}]
forbidden_operations: [purge_*]
scope_limits: {list_emails.limit: 50, send_email.per_request: 3}
allowed_recipients: {send_email: [acme.com]}
provenance_requirements: {send_email: 2}
roles: {clerk: {}, boss: {inherits: clerk}}
rules:
  - {operation: send_email, when: {amount: {">": 3}}, require: {session.approved: true}}
  - {operation: send_email, require: {kind: {in: [fyi, todo]}}}
default: deny
"""


def compared(a: str | dict[str, Any], b: str | dict[str, Any], **settings: Any) -> Difference:
    sources = tuple(PolicySource(p) if isinstance(p, dict) else parse_policy(p) for p in (a, b))
    rules = tuple(recognise(source, strict=isinstance(a, str)) for source in sources)
    return difference(sources, rules, SPECS, **settings)


def shown(found: Difference) -> set[tuple[str, str, str, str]]:
    return {(c.direction, tool, c.before, c.after) for c in found.changes for tool in c.tools}


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ("list_emails.limit: 50", "list_emails.limit: 80", ("widened", "list_emails", "deny", "allow")),
        ("list_emails.limit: 50", "list_emails.limit: 49", ("narrowed", "list_emails", "allow", "deny")),
        ("per_request: 3", "per_request: 4", ("widened", "send_email", "deny", "allow")),
        ("[acme.com]", "[acme.com, b.org]", ("widened", "send_email", "deny", "allow")),
        ("[acme.com]", "[b.org]", ("narrowed", "send_email", "allow", "deny")),
        ("{send_email: 2}", "{send_email: 1}", ("narrowed", "send_email", "allow", "deny")),
        ("[fyi, todo]", "[fyi, todo, urgent]", ("widened", "send_email", "deny", "allow")),
        ("purge_*", "purge_*, list_emails", ("narrowed", "list_emails", "allow", "deny")),
        ("roles: [boss]", "roles: [boss, clerk]", ("widened", "delete_email", "deny", "allow")),
        ("default: deny", "default: allow", ("widened", UNNAMED_TOOL, "deny", "allow")),
        ('{">": 3}', '{">": 5}', ("widened", "send_email", "deny", "allow")),
        ("session.approved: true", "session.approved: false", ("narrowed", "send_email", "allow", "deny")),
        ("default: deny", "review: [{text: Who?, tools: [send_email]}]", ("narrowed", "send_email", "allow", "open")),
        ("default: deny", "explicit_request_required: [send_email]", ("narrowed", "send_email", "allow", "deny")),
    ],
)
def test_what_changed_is_found(old: str, new: str, change: tuple[str, str, str, str]) -> None:
    assert old in BASE
    found = compared(BASE, BASE.replace(old, new))
    assert change in shown(found)
    if change[1] != UNNAMED_TOOL:  # a default is about every tool
        assert {tool for _, tool, _, _ in shown(found)} == {change[1]}
    # The other way round, the same calls go the other way.
    back = compared(BASE.replace(old, new), BASE)
    turned = {"widened": "narrowed", "narrowed": "widened"}
    assert (turned[change[0]], change[1], change[3], change[2]) in shown(back)


def test_a_change_has_a_call_that_shows_it() -> None:
    b = BASE.replace("limit: 50", "limit: 80").replace("roles: [boss]", "roles: [boss, clerk]")
    found = compared(BASE, b)
    assert found.count("widened") >= 2
    assert found.count("narrowed") == 0
    oracles = [Oracle(recognise(parse_policy(text))) for text in (BASE, b)]
    rank = {"violation": "deny", "undecided": "open", "compliant": "allow"}
    for change in found.changes:
        for role in change.roles:
            where = GovernanceContext(policy={}, user_role=role, session_context=change.session)
            asked = Asked(frozenset(n.node_id for n in change.plan.nodes) if change.is_asked else frozenset())
            said = [rank[o.judge(where, change.plan, asked=asked).verdict] for o in oracles]
            assert said == [change.before, change.after]
        assert change.why_before != change.why_after
    places = {change.why_before for change in found.changes}
    assert any('scope_limits["list_emails.limit"] (line 3) wants' in why for why in places)


@pytest.mark.parametrize(
    "same",
    [
        BASE,
        "# a comment\n" + BASE,
        BASE.replace("[list_emails, send_email,", "[send_email, list_emails,"),
        BASE.replace("[fyi, todo]", "[todo, fyi]"),
        BASE.replace("{list_emails.limit: 50, send_email.per_request: 3}", "{send_email.per_request: 3, list_emails.limit: 50}"),
        BASE + "description: The mail of a firm.\n",
    ],
)  # fmt: skip
def test_what_says_the_same_differs_in_nothing(same: str) -> None:
    found = compared(BASE, same)
    assert (found.changes, found.silent, found.only_a, found.only_b) == ((), (), (), ())
    assert found.judged == 0
    assert found.to_dict()["is_same"]


def test_rules_that_no_call_tells_apart_are_said_and_are_no_change() -> None:
    found = compared(
        BASE, BASE.replace("rules:\n", "rules:\n  - {operation: list_emails, require: {limit: {max: 60}}}\n")
    )
    assert found.changes == ()
    assert ("list_emails", "clerk") in found.silent
    assert found.only_b == ("rules[0] (line 8)",)


def test_traces_are_judged_too() -> None:
    call = node("send_email", arguments={"to": "x@odd.example", "kind": "fyi"}, provenance_tier=1)
    trace = parse_trace(record(governance_context=context(role="clerk"), execution_plan=plan(call)))
    other = BASE.replace("[acme.com]", "[odd.example, acme.com]")
    without = compared(BASE, other)
    found = compared(BASE, other, traces=[trace], roles=["clerk"])
    assert found.judged > 0
    assert {c.roles for c in found.changes} == {("clerk",)}
    assert without.count("widened") >= 1
    examples = [c.plan.nodes[0].arguments.get("to") for c in found.changes]
    assert "x@odd.example" in examples  # the trace's own call comes first


def test_only_the_role_that_is_asked_for() -> None:
    found = compared(BASE, BASE.replace("roles: [boss]", "roles: [boss, clerk]"), roles=["boss"])
    assert found.changes == ()


def test_the_same_twice() -> None:
    b = BASE.replace("limit: 50", "limit: 80").replace("default: deny", "default: allow")
    assert compared(BASE, b).to_dict() == compared(BASE, b).to_dict()


@pytest.mark.parametrize("seed", range(num_cases(many=60, few=6)))
def test_a_difference_that_calls_at_random_find_is_found(seed: int) -> None:
    rng = random.Random(seed)
    a = random_policy(rng)
    b = {**a, "scope_limits": {**a["scope_limits"], "send.limit": rng.randint(1, 6)}}
    if rng.random() < 0.5:
        b["forbidden_operations"] = [*a["forbidden_operations"], "read"]
    oracles = [Oracle(recognise(policy, strict=False)) for policy in (a, b)]
    seen: set[str] = set()
    for _ in range(100):
        call = random_call(rng)
        for role in ("clerk", "lead", "chief"):
            where = GovernanceContext(policy={}, user_role=role, session_context={})
            one = parse_trace(record(execution_plan=plan(call))).execution_plan
            old, new = (o.judge(where, one, asked=Asked(frozenset(["n1"]))).verdict for o in oracles)
            if old != new:
                seen.add(call["tool_name"])
    found = compared(a, b, roles=["clerk", "lead", "chief"])
    assert seen <= {tool for change in found.changes for tool in change.tools}, (a, b)
