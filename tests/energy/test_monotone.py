"""The monotone network against a naive reference; and energies that may only go one way, over many random cases each."""

from __future__ import annotations

import json
import math
from random import Random
from typing import Any

import numpy as np
import pytest

from gatling.energy.critics.monotone import MonotoneNet
from gatling.energy.critics.relevance import NAMES, SIGNS
from gatling.errors import CheckpointError
from gatling.schema import ExecutionPlan, GovernanceContext, parse_context, parse_plan
from tests.energy.critics import (
    TOOLS,
    made_up_critics,
    made_up_net,
    plan_energy,
    random_context,
    random_node,
    random_plan,
)
from tests.sizes import num_cases

CASES = num_cases(many=10_000, few=400)
CONTEXTS = num_cases(many=200, few=40)
SLACK = 1e-9


def naive(net: MonotoneNet, row: np.ndarray) -> float:
    z = [(x - m) / s * (sign or 1) for x, m, s, sign in zip(row, net.mean, net.scale, net.signs, strict=True)]
    total = float(net.c[0]) + sum(a * b for a, b in zip(z, net.l, strict=True))
    third = len(net.b) // 3
    for h in range(len(net.b)):
        pre = float(net.b[h]) + sum(z[f] * net.w[f, h] for f in range(len(z)))
        act = (
            math.log1p(math.exp(pre)) if h < third else -math.log1p(math.exp(-pre)) if h < 2 * third else math.tanh(pre)
        )
        total += float(net.o[h]) * act
    return total


def test_the_network_is_its_formula() -> None:
    rng = np.random.default_rng(1)
    net = made_up_net(3)
    x = rng.normal(size=(20, len(NAMES)))
    assert np.allclose(net(x), [naive(net, row) for row in x], atol=1e-12)


def test_a_row_has_the_same_bits_alone_and_in_a_batch() -> None:
    x = np.random.default_rng(2).normal(size=(300, len(NAMES)))
    net = made_up_net(4, hidden=15)
    together = net(x)
    for i in range(0, 300, 7):
        assert net(x[i : i + 1])[0] == together[i]


def test_a_network_survives_writing_and_a_bad_one_is_refused() -> None:
    net = made_up_net(5)
    data = json.loads(json.dumps(net.to_dict()))
    x = np.random.default_rng(3).normal(size=(4, len(NAMES)))
    assert (MonotoneNet.from_dict(data, SIGNS, source="t")(x) == net(x)).all()
    signed = int(np.flatnonzero(SIGNS)[0])
    for change, words in (
        ({"l": [-1.0 if i == signed else 0.0 for i in range(len(NAMES))]}, "not monotone"),
        ({"b": [math.nan] * 6}, "not finite"),
        ({"w": [[0.0] * 6]}, "shape"),
        ({"scale": [0.0] * len(NAMES)}, "scale"),
        ({"o": None}, "shape"),
    ):
        with pytest.raises(CheckpointError, match=words):
            MonotoneNet.from_dict({**data, **change}, SIGNS, source="t")


def cases(seed: int) -> Any:
    """Yield random plans in random contexts, each with critics of made-up weights."""
    rng = Random(seed)
    contexts = [random_context(rng) for _ in range(CONTEXTS)]
    critics = [made_up_critics(k) for k in range(8)]
    for _ in range(CASES):
        yield rng, rng.choice(contexts), random_plan(rng, most=4), rng.choice(critics)


def changed(plan: ExecutionPlan, i: int, **fields: Any) -> ExecutionPlan:
    nodes = list(plan.nodes)
    nodes[i] = nodes[i].model_copy(update=fields)
    return plan.model_copy(update={"nodes": tuple(nodes)})


def test_removing_trust_never_lowers_the_energy() -> None:
    raised = 0
    for rng, context, plan, critics in cases(11):
        i = rng.randrange(len(plan.nodes))
        tier = plan.nodes[i].provenance_tier
        if tier == 3:
            continue
        before = plan_energy(critics, context, plan)
        after = plan_energy(critics, context, changed(plan, i, provenance_tier=tier + 1))
        assert after >= before - SLACK, (context.policy, plan, i)
        raised += after > before + SLACK
    assert raised > CASES / 50


def test_widening_scope_never_lowers_the_energy() -> None:
    raised = 0
    for rng, context, plan, critics in cases(12):
        i = rng.randrange(len(plan.nodes))
        node = plan.nodes[i]
        wider: dict[str, Any] = {"scope_volume": node.scope_volume * 100}
        if "limit" in node.arguments:
            wider = {"arguments": {**node.arguments, "limit": int(node.arguments["limit"]) * 100}}
        elif rng.random() < 0.3:
            wider = {"scope_sensitivity": min(5, node.scope_sensitivity + 1)}
        before = plan_energy(critics, context, plan)
        after = plan_energy(critics, context, changed(plan, i, **wider))
        assert after >= before - SLACK, (context.policy, plan, i, wider)
        raised += after > before + SLACK
    assert raised > CASES / 50


def test_adding_an_unasked_call_never_lowers_the_energy() -> None:
    raised = 0
    for rng, context, plan, critics in cases(13):
        words = str(context.session_context["user_request"]).lower()
        added = random_node(rng, "added")
        if any(part in words for part in added["tool_name"].split("_")) or added["arguments"]:
            added = {**added, "tool_name": "rotate_keys", "arguments": {"vault": "zq-primary"}}
        data = plan.model_dump(mode="json", exclude_unset=True)
        where = rng.randint(0, len(data["nodes"]))
        data["nodes"].insert(where, added)
        if rng.random() < 0.5:
            other = rng.choice(plan.nodes).node_id
            data["edges"].append(["added", other] if rng.random() < 0.5 else [other, "added"])
        before = plan_energy(critics, context, plan)
        after = plan_energy(critics, context, parse_plan(data))
        assert after >= before - SLACK, (context.policy, data)
        raised += after > before + SLACK
    assert raised > CASES / 50


def test_adding_a_denial_never_lowers_the_energy() -> None:
    rng = Random(14)
    critics = [made_up_critics(k) for k in range(8)]
    for _ in range(CASES // 20):
        context = random_context(rng)
        policy = dict(context.policy)
        if rng.random() < 0.5:
            policy["forbidden_operations"] = [*policy["forbidden_operations"], rng.choice(TOOLS)]
        else:
            policy["rules"] = [*policy["rules"], {"effect": "deny", "operation": rng.choice(TOOLS)}]
        stricter: GovernanceContext = parse_context(
            {"policy": policy, "user_role": context.user_role, "session_context": context.session_context}
        )
        for _ in range(20):
            plan, judge = random_plan(rng, most=4), rng.choice(critics)
            assert plan_energy(judge, stricter, plan) >= plan_energy(judge, context, plan) - SLACK, policy
