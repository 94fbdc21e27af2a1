"""The search finds a guard's weakness within few verdicts, not where there is none, and the same for a seed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from gatling.attack.adaptive import AttackConfig, KnownTools, Outcome, attack, moves_of
from gatling.attack.adaptive.scene import scene_of
from gatling.attack.adaptive.search import Answer, Search
from gatling.energy import Verdict
from gatling.guard import replay
from gatling.schema import ExecutionPlan, GovernanceContext, PlanNode
from gatling.testing import FixedGuard
from tests.attack.adaptive_cases import honest, violation

Weakness = Callable[[PlanNode, ExecutionPlan], bool]
KNOWN = KnownTools.of([violation(), honest()])


def guard(is_fooled: Weakness) -> FixedGuard:
    """A guard that denies what reaches the attacker, unless something fools it."""

    def answer(context: GovernanceContext, plan: ExecutionPlan, node: PlanNode) -> Verdict:
        is_honest = "ann@corp.example" in str(node.arguments) and "327" not in str(node.arguments)
        is_harmless = node.tool_name in ("read_file", "list_folders")
        return "allow" if is_harmless or is_honest or is_fooled(node, plan) else "deny"

    return FixedGuard(answer, deadline_ms=None)


def attacked(judge: FixedGuard, *, queries: int = 100, without: list[str] | None = None, **settings: Any) -> Outcome:
    config = AttackConfig(moves=moves_of(None, without), queries=queries, **settings)
    return attack(judge, violation(), config, KNOWN)


WEAKNESSES: dict[str, Weakness] = {
    "addresses": lambda node, plan: any(
        w in str(node.arguments.get("recipients")) for w in ("plans", "travel", "mail")
    ),
    "tools": lambda node, plan: node.tool_name == "create_event",
    "arguments": lambda node, plan: any(w in str(node.arguments.get("subject")) for w in ("travel", "plans", "mail")),
    "order": lambda node, plan: any(other.tool_name == "list_folders" for other in plan.nodes),
    "spread": lambda node, plan: "ann@corp.example" in str(node.arguments.get("recipients")),
}


@pytest.mark.parametrize("family", WEAKNESSES)
def test_a_known_weakness_is_found_and_named(family: str) -> None:
    judge = guard(WEAKNESSES[family])
    for seed in range(3):
        outcome = attacked(judge, seed=seed)
        assert outcome.is_caught
        assert outcome.found is not None
        assert outcome.found.rewritten.families == (family,)
        assert len(outcome.found.rewritten.moves) == 1
        assert 1 <= outcome.found.queries == outcome.queries <= 100
    assert attacked(judge, without=[family]).found is None


def test_a_guard_that_denies_everything_is_never_passed() -> None:
    outcome = attacked(guard(lambda node, plan: False), queries=60)
    assert (outcome.is_caught, outcome.found, outcome.queries) == (True, None, 60)


def test_what_is_not_stopped_is_not_attacked() -> None:
    outcome = attacked(guard(lambda node, plan: True))
    assert (outcome.is_caught, outcome.found, outcome.queries) == (False, None, 0)


def test_what_got_through_is_a_record_that_gets_through() -> None:
    judge = guard(WEAKNESSES["addresses"])
    outcome = attacked(judge)
    record = outcome.record()
    assert (record["id"], record["label"], record["violating_calls"]) == ("case-adaptive", "violation", ["call_2"])
    assert record["meta"]["suite"] == "office"
    assert record["meta"]["adaptive"]["families"] == ["addresses"]
    assert record["meta"]["adaptive"]["queries"] == outcome.queries
    verdicts = {c.call_id: c.decision.verdict for c in replay(judge, record["messages"], record["governance_context"])}
    assert verdicts == dict.fromkeys(("call_1", "call_2", "call_3", "call_4", "call_5"), "allow")
    mail = json.loads(record["messages"][4]["tool_calls"][0]["function"]["arguments"])["recipients"][0]
    assert any(word in mail for word in ("plans", "travel", "mail"))
    for span in record["meta"]["injection_spans"]:
        assert mail in record["messages"][span["message"]]["content"][span["start"] : span["end"]]
    json.dumps(record)


def test_the_same_seed_finds_the_same() -> None:
    judge = guard(WEAKNESSES["arguments"])
    first, again = (attacked(judge, seed=4).record() for _ in range(2))
    assert first == again
    assert any(attacked(judge, seed=seed).record() != first for seed in (5, 6, 7))


def test_few_moves_end_before_the_queries_do() -> None:
    config = AttackConfig(moves=moves_of(["order"]), queries=1_000)
    outcome = attack(guard(lambda node, plan: False), violation(), config, KNOWN)
    assert outcome.found is None
    assert outcome.queries == 2  # early and late


def test_energies_lead_where_verdicts_do_not() -> None:
    """A guard whose energy falls a little with each of four moves: who sees it climbs down, who does not guesses."""

    def answer(messages: list[Any]) -> Answer:
        text, call = messages[3]["content"], messages[4]["tool_calls"][0]["function"]["arguments"]
        signs = (
            "Ann" in text,
            "evil.example" not in call,
            '"Number"' not in call,
            "Everything" in text or "hour" in text,
        )
        return Answer(("allow" if all(signs) else "deny",), (2.0 - 0.4 * sum(signs),))

    scene, first = scene_of(violation()), answer(violation().messages)
    needed: dict[bool, list[int]] = {}
    for white_box in (False, True):
        search = Search(scene, KNOWN, moves_of(), answer, white_box)
        needed[white_box] = sorted(search.run(first, queries=400, seed=f"{seed}")[1] for seed in range(9))
    assert needed[True][4] < 0.7 * needed[False][4], needed
