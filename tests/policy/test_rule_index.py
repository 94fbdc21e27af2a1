"""The index of clauses: the same clauses as asking each, in the same order, and never as slow."""

from __future__ import annotations

import dataclasses
import random
import time

import pytest

from gatling.policy import Oracle, recognise
from gatling.policy.clauses import Clause, ClauseKind
from gatling.policy.globs import expression, matches
from gatling.policy.rules import Rulebook
from gatling.schema import parse_context, parse_plan


def _name(rng: random.Random) -> str:
    return "".join(
        rng.choice(["a", "b", "B", "_", ".", "\u00e9", "e\u0301", "[", "\u0430", " "]) for _ in range(rng.randint(1, 5))
    )


def _pattern(rng: random.Random) -> str:
    text = _name(rng)
    place = rng.randrange(len(text) + 1)
    return text[:place] + rng.choice(["", "*", "?", "*?", "**"]) + text[place:] + "x" * rng.choice([0, 0, 0, 0, 80])


def test_the_index_returns_what_asking_every_clause_does() -> None:
    rng = random.Random(0)
    found = 0
    for _ in range(15):
        clauses = []
        for i in range(rng.randint(1, 200)):
            clauses.append(
                Clause(
                    rng.choice(list(ClauseKind)),
                    tuple(_pattern(rng) for _ in range(rng.randint(1, 3))),
                    (i,),
                    "test",
                    roles=rng.choice([(), ("clerk",), ("c*",)]),
                    is_complement=rng.random() < 0.1,
                    is_squashed=rng.random() < 0.2,
                )
            )
        rules = Rulebook(tuple(clauses), inherits={"boss": ("clerk",)})
        for role in ("clerk", "boss", "guest"):
            roles = rules.roles_of(role)
            for tool in [_name(rng) for _ in range(30)]:
                wanted = [c for c in clauses if c.is_for(roles) and c.names(tool)]
                assert list(rules.clauses_for(tool, role)) == wanted
                found += len(wanted)
    assert found > 300


def test_a_changed_rulebook_answers_for_itself() -> None:
    rules = recognise({"allowed_operations": ["read"], "roles": {"boss": {"inherits": "clerk"}, "clerk": {}}})
    assert len(rules.clauses_for("read", "boss")) == 1
    assert rules.roles_of("boss") == ("boss", "clerk")
    other = dataclasses.replace(rules, clauses=(), inherits={})
    assert other.clauses_for("read", "boss") == ()
    assert other.roles_of("boss") == ("boss",)
    assert len(rules.clauses_for("read", "boss")) == 1


@pytest.mark.parametrize("form", ["tool_{}_*", "*_{}", "t?ol_{}"])
def test_many_patterns_and_many_tools(form: str) -> None:
    """Without the index this takes minutes."""
    policy = {"forbidden_operations": [form.format(i) for i in range(1_000)], "allowed_operations": ["*"]}
    nodes = [{"node_id": f"n{i}", "tool_name": f"call_{i}_thing", "arguments": {}} for i in range(1_000)]
    context = parse_context({"policy": policy, "user_role": "clerk", "session_context": {}})
    oracle, plan = Oracle(recognise(policy)), parse_plan({"nodes": [*nodes, {"node_id": "z", "tool_name": "tool_7"}]})
    start = time.process_time()
    violations = oracle.judge(context, plan).violations
    assert time.process_time() - start < 5
    assert [v.node_id for v in violations] == ["z"]


@pytest.mark.parametrize(
    ("pattern", "text", "is_match"),
    [
        ("a[b]*", "a[b]c", True),
        ("a[b]?", "abc", False),
        ("a[!b]?", "a[!b]x", True),
        ("a?c", "a\nc", True),
        ("a?", "A1", False),
        ("a?\\Z", "a1", False),
        ("*a?" * 100 + "b", "a" * 10_000, False),
        ("?*" * 500, "a" * 499, False),
    ],
)
def test_patterns_with_a_question_mark(pattern: str, text: str, is_match: bool) -> None:
    import re

    start = time.process_time()
    assert matches(pattern, text) is is_match
    assert (re.match(expression(pattern), text) is not None) is is_match
    assert time.process_time() - start < 1
