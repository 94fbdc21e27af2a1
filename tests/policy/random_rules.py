"""Random policies and calls for the tests that hold the oracle against engines and properties. Small alphabets, so that
rules and calls meet often."""

from __future__ import annotations

import random
from typing import Any

from gatling.policy import Oracle, recognise
from gatling.policy.oracle import Judgement
from gatling.schema import parse_context, parse_plan

TOOLS = ["read", "list", "send", "delete", "share", "export", "grant", "move"]
ROLES = ["clerk", "lead", "chief"]
ARGUMENTS = ["limit", "amount", "kind"]
KINDS = ["a", "b", "c"]


def random_call(rng: random.Random, node_id: str = "n1") -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for name in ("limit", "amount"):
        if rng.random() < 0.7:
            arguments[name] = rng.randint(int(name == "limit"), 6)  # a page size of 0 may mean all
    if rng.random() < 0.7:
        arguments["kind"] = rng.choice(KINDS)
    if rng.random() < 0.3:
        arguments["to"] = rng.choice(["a@in.org", "b@out.com", "c@sub.in.org"])
    return {
        "tool_name": rng.choice(TOOLS),
        "node_id": node_id,
        "arguments": arguments,
        "provenance_tier": rng.randint(1, 3),
        "scope_volume": rng.randint(1, 6),
        "scope_sensitivity": rng.randint(1, 5),
    }


def random_plan(rng: random.Random, most: int = 4) -> dict[str, Any]:
    nodes = [random_call(rng, f"n{i}") for i in range(rng.randint(1, most))]
    edges = [[f"n{i}", f"n{j}"] for j in range(len(nodes)) for i in range(j) if rng.random() < 0.3]
    return {"nodes": nodes, "edges": edges}


def random_condition(rng: random.Random) -> dict[str, Any]:
    name = rng.choice(ARGUMENTS)
    if name == "kind":
        choice: Any = rng.sample(KINDS, rng.randint(1, 2))
        return {"kind": {"in": choice} if rng.random() < 0.7 else {"not_in": choice}}
    return {name: {rng.choice(["<=", "<", ">=", ">", "==", "!="]): rng.randint(0, 6)}}


def random_rule(rng: random.Random) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "effect": rng.choice(["allow", "allow", "deny"]),
        "operations": rng.sample(TOOLS, rng.randint(1, 3)),
    }
    if rng.random() < 0.4:
        rule["roles"] = rng.sample(ROLES, rng.randint(1, 2))
    if rng.random() < 0.5:
        rule["when"] = {k: v for _ in range(rng.randint(1, 2)) for k, v in random_condition(rng).items()}
    return rule


def random_policy(rng: random.Random) -> dict[str, Any]:
    """Allow and deny lists, rules with conditions, limits, roles that inherit, tiers, destinations, sensitivity."""
    policy: dict[str, Any] = {
        "allowed_operations": rng.sample(TOOLS, rng.randint(2, 6)),
        "forbidden_operations": rng.sample(TOOLS, rng.randint(0, 2)),
        "rules": [random_rule(rng) for _ in range(rng.randint(0, 4))],
        "scope_limits": {
            f"{rng.choice(TOOLS)}.{rng.choice(['limit', 'amount'])}": rng.randint(1, 6)
            for _ in range(rng.randint(0, 3))
        },
    }
    if rng.random() < 0.5:
        policy["roles"] = {
            "clerk": {"forbidden_operations": rng.sample(TOOLS, rng.randint(0, 2))},
            "lead": {"inherits": "clerk", "allowed_operations": rng.sample(TOOLS, rng.randint(0, 2))},
            "chief": {"inherits": "lead", "forbidden_operations": rng.sample(TOOLS, rng.randint(0, 1))},
        }
    if rng.random() < 0.4:
        policy["provenance_requirements"] = {rng.choice(TOOLS): rng.choice([1, 2, "internal", "partner"])}
    if rng.random() < 0.3:
        policy["allowed_domains"] = ["in.org"] + ["*.in.org"] * (rng.random() < 0.5)
    if rng.random() < 0.3:
        policy["max_sensitivity"] = rng.randint(1, 5)
    if rng.random() < 0.2:
        policy["requires_before"] = {rng.choice(TOOLS): rng.choice(TOOLS)}
    if rng.random() < 0.3:
        policy["default"] = rng.choice(["allow", "deny"])
    return policy


def judge(policy: dict[str, Any], plan: dict[str, Any], role: str = "clerk", **session: Any) -> Judgement:
    context = parse_context({"policy": policy, "user_role": role, "session_context": session})
    return Oracle(recognise(policy, strict=False)).judge(context, parse_plan(plan))
