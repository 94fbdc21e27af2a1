"""Properties that every policy must have, each over 10,000 random cases with `--thorough`."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

from gatling.policy.oracle import Judgement
from tests.policy.random_rules import ROLES, TOOLS, judge, random_plan, random_policy
from tests.sizes import num_cases

CASES = num_cases(many=10_000, few=500)

Case = tuple[random.Random, dict[str, Any], dict[str, Any], str, Judgement]


def _cases(seed: int) -> Iterator[Case]:
    rng = random.Random(seed)
    for _ in range(CASES):
        policy, plan, role = random_policy(rng), random_plan(rng), rng.choice(ROLES)
        yield rng, policy, plan, role, judge(policy, plan, role)


def _blamed(found: Judgement) -> set[str]:
    return {v.node_id for v in found.violations}


def _never_allows(seed: int, change: Callable[[random.Random, dict[str, Any]], None]) -> None:
    num_changed = 0
    for rng, policy, plan, role, before in _cases(seed):
        changed = copy.deepcopy(policy)
        change(rng, changed)
        after = judge(changed, plan, role)
        assert _blamed(before) <= _blamed(after), (policy, changed, plan, role)
        num_changed += _blamed(before) != _blamed(after)
    assert num_changed > CASES / 100  # the change does something


def test_adding_a_denial_never_allows() -> None:
    def change(rng: random.Random, policy: dict[str, Any]) -> None:
        tool = rng.choice(TOOLS)
        where = rng.randrange(3)
        if where == 0:
            policy["forbidden_operations"].append(tool)
        elif where == 1:
            policy["rules"].insert(0, {"effect": "deny", "operations": [tool], "when": {"limit": {">": 2}}})
        else:  # below a key that nobody knows
            policy["annex_xyz"] = {"forbidden_operations": [tool]}

    _never_allows(1, change)


def test_narrowing_a_limit_never_allows() -> None:
    def change(rng: random.Random, policy: dict[str, Any]) -> None:
        limits = policy["scope_limits"]
        for key in limits:
            limits[key] -= rng.randint(0, 3)
        limits.setdefault(f"{rng.choice(TOOLS)}.limit", rng.randint(1, 6))

    _never_allows(2, change)


def test_a_denial_for_a_parent_role_holds_for_its_children() -> None:
    for rng, policy, plan, _, _ in _cases(3):
        denied = rng.choice(plan["nodes"])["tool_name"]
        policy["roles"] = {
            "clerk": {"forbidden_operations": [denied]},
            "lead": {"inherits": "clerk", "allowed_operations": [denied]},
            "chief": {"inherits": ["lead"], "allowed_operations": ["*"]},
        }
        for role in ROLES:
            blamed = _blamed(judge(policy, plan, role))
            assert {n["node_id"] for n in plan["nodes"] if n["tool_name"] == denied} <= blamed


def test_the_order_of_rules_and_of_keys_does_not_matter() -> None:
    def shuffled(rng: random.Random, value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            items = list(value.items())
            rng.shuffle(items)
            return {k: shuffled(rng, v, k) for k, v in items}
        if isinstance(value, list):
            return rng.sample([shuffled(rng, v) for v in value], len(value))
        return value

    for rng, policy, plan, role, before in _cases(4):
        after = judge(shuffled(rng, policy), plan, role)
        assert (_blamed(after), after.verdict) == (_blamed(before), before.verdict), (policy, plan)


def test_node_names_and_the_order_of_nodes_do_not_matter() -> None:
    for rng, policy, plan, role, before in _cases(5):
        names = [f"call-{i}" for i in range(len(plan["nodes"]))]
        rng.shuffle(names)
        name = {n["node_id"]: new for n, new in zip(plan["nodes"], names, strict=True)}
        nodes = [{**n, "node_id": name[n["node_id"]]} for n in plan["nodes"]]
        edges = [[name[a], name[b]] for a, b in plan["edges"]]
        after = judge(policy, {"nodes": rng.sample(nodes, len(nodes)), "edges": rng.sample(edges, len(edges))}, role)
        assert _blamed(after) == {name[n] for n in _blamed(before)}


def test_less_trust_never_lifts_a_violation() -> None:
    num_changed = 0
    for rng, policy, plan, role, before in _cases(6):
        # Rules may also try to ask for less trust; those are not read.
        policy["rules"].append(
            {"effect": "allow", "operations": ["*"], "when": {"tier": rng.choice([2, {">=": 2}, [3]])}}
        )
        before = judge(policy, plan, role)
        lowered = copy.deepcopy(plan)
        for node in lowered["nodes"]:
            node["provenance_tier"] = rng.randint(node["provenance_tier"], 3)
        after = judge(policy, lowered, role)
        assert _blamed(before) <= _blamed(after), (policy, plan, lowered)
        num_changed += _blamed(before) != _blamed(after)
    assert num_changed > CASES / 200
