"""What both encoders promise, as properties over random records."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gatling.encoders import DualEncoder, ExecutionEncoder, GovernanceEncoder
from gatling.errors import CheckpointError, InputError
from gatling.schema import parse_context
from tests.builders import SMALL, context, many_traces, node, plan
from tests.models import small_model
from tests.sizes import num_cases

SAME = 2e-5  # rounding of float32 sums in another order
FELT = 10 * SAME  # a change that is felt is well above rounding, even by a small model that was never trained
torch.manual_seed(0)
MODEL = small_model()

names = st.sampled_from(["read_file", "sendMail", "list.rows", "delete", "limit", "owner", "x9"])
scalars = st.one_of(names, st.integers(-5, 10**6), st.booleans(), st.none(), st.floats(-1e3, 1e3))
policies = st.dictionaries(
    names,
    st.recursive(scalars, lambda c: st.one_of(st.lists(c, max_size=4), st.dictionaries(names, c, max_size=4))),
    max_size=5,
)


def shuffled(value: Any, rng: random.Random) -> Any:
    if isinstance(value, dict):
        items = list(value.items())
        rng.shuffle(items)
        return {k: shuffled(v, rng) for k, v in items}
    return [shuffled(v, rng) for v in value] if isinstance(value, list) else value


@st.composite
def plans(draw: st.DrawFn) -> dict[str, Any]:
    count = draw(st.integers(1, 7))
    nodes = [
        node(
            draw(names),
            f"n{i}",
            arguments=draw(st.dictionaries(names, scalars, max_size=3)),
            provenance_tier=draw(st.integers(1, 3)),
            scope_volume=draw(st.integers(1, 10**5)),
            scope_sensitivity=draw(st.integers(1, 5)),
        )
        for i in range(count)
    ]
    pairs = [(i, j) for i in range(count) for j in range(i + 1, count)]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=6)) if pairs else []
    return plan(*nodes, edges=[[f"n{i}", f"n{j}"] for i, j in edges])


@settings(max_examples=num_cases(many=60, few=15))
@given(policies, st.integers(0, 99))
def test_a_context_latent_ignores_the_order_of_keys(policy: dict[str, Any], seed: int) -> None:
    one = context(policy, user_request="send it", org="a")
    z = MODEL.governance.encode([one, shuffled(one, random.Random(seed))])
    assert torch.equal(z[0], z[1])


@settings(max_examples=num_cases(many=60, few=15))
@given(plans(), st.integers(0, 99))
def test_a_plan_latent_ignores_node_order_and_names(value: dict[str, Any], seed: int) -> None:
    rng = random.Random(seed)
    renamed = {n["node_id"]: f"id{rng.random()}" for n in value["nodes"]}
    nodes = [{**n, "node_id": renamed[n["node_id"]]} for n in value["nodes"]]
    edges = [[renamed[a], renamed[b]] for a, b in value["edges"]]
    rng.shuffle(nodes)
    rng.shuffle(edges)
    z = MODEL.execution.encode([value, plan(*nodes, edges=edges)])
    assert torch.allclose(z[0], z[1], atol=SAME)


@settings(max_examples=num_cases(many=30, few=10))
@given(st.lists(policies, min_size=2, max_size=6), st.lists(plans(), min_size=2, max_size=6))
def test_a_latent_is_the_same_alone_and_in_any_batch(some: list[dict[str, Any]], others: list[dict[str, Any]]) -> None:
    contexts = [context(p, user_request=f"do {i}") for i, p in enumerate(some)]
    together = MODEL.governance.encode(contexts)
    alone = torch.cat([MODEL.governance.encode(c) for c in contexts])
    assert torch.allclose(together, alone, atol=SAME)
    together = MODEL.execution.encode(others)
    alone = torch.cat([MODEL.execution.encode(p) for p in others])
    assert torch.allclose(together, alone, atol=SAME)
    assert torch.allclose(together.norm(dim=1), torch.ones(len(others)), atol=1e-5)


def moved(encoder: Any, one: dict[str, Any], other: dict[str, Any]) -> float:
    z = encoder.encode([one, other])
    return float((z[0] - z[1]).norm())


BASE = {
    "allowed_operations": ["read_file"],
    "forbidden_operations": ["delete_file"],
    "limit": 5,
    "strict": True,
}


@pytest.mark.parametrize(
    "changed",
    [
        context({**BASE, "limit": 10000}, user_request="Read a"),
        context({**BASE, "limit": 6}, user_request="Read a"),
        context({**BASE, "strict": False}, user_request="Read a"),
        context(
            {**BASE, "allowed_operations": ["delete_file"], "forbidden_operations": ["read_file"]},
            user_request="Read a",
        ),
        context({"x": BASE}, user_request="Read a"),
        context(BASE, role="admin", user_request="Read a"),
        context(BASE, user_request="Read b"),
        context(BASE, user_request="Read a", user_id="u2"),
        context(BASE),
    ],
)
def test_a_context_latent_feels_every_change(changed: dict[str, Any]) -> None:
    assert moved(MODEL.governance, context(BASE, user_request="Read a"), changed) > FELT


STEP = node(
    "read_file",
    "a",
    arguments={"path": "x", "limit": 5},
    provenance_tier=1,
    scope_volume=5,
    scope_sensitivity=2,
)
NEXT = node("send_mail", "b", provenance_tier=1)


@pytest.mark.parametrize(
    "changed",
    [
        plan({**STEP, "tool_name": "write_file"}, NEXT, edges=[["a", "b"]]),
        plan({**STEP, "tool_name": "read_filе"}, NEXT, edges=[["a", "b"]]),  # a Cyrillic letter
        plan({**STEP, "arguments": {"path": "x", "limit": 10000}}, NEXT, edges=[["a", "b"]]),
        plan({**STEP, "arguments": {"path": "y", "limit": 5}}, NEXT, edges=[["a", "b"]]),
        plan({**STEP, "provenance_tier": 3}, NEXT, edges=[["a", "b"]]),
        plan({**STEP, "scope_volume": 10000}, NEXT, edges=[["a", "b"]]),
        plan({**STEP, "scope_sensitivity": 5}, NEXT, edges=[["a", "b"]]),
        plan(STEP, NEXT),
        plan(STEP, NEXT, edges=[["b", "a"]]),
        plan(STEP, NEXT, node("ping", "c"), edges=[["a", "b"]]),
        plan(STEP, NEXT, edges=[{"source": "a", "target": "b", "argument": "body"}]),
        plan({**STEP, "arguments": {"path": "x", "limit": -5}}, NEXT, edges=[["a", "b"]]),
    ],
)
def test_a_plan_latent_feels_every_change(changed: dict[str, Any]) -> None:
    assert moved(MODEL.execution, plan(STEP, NEXT, edges=[["a", "b"]]), changed) > FELT


PAYMENTS = [{"to": "alice", "amount": 1}, {"to": "bob", "amount": 999}]
SWAPPED = [{"to": "alice", "amount": 999}, {"to": "bob", "amount": 1}]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (100, -100),
        (1e16, 1e-16),
        ("10.0.0.1", "10.0.0.10"),
        ("../../etc/passwd", "etc/passwd"),
        ("rm tmp; ls", "rm tmp ls"),
        (PAYMENTS, SWAPPED),
    ],
)
def test_arguments_that_must_not_read_alike(one: Any, other: Any) -> None:
    assert moved(MODEL.execution, plan(node(arguments={"x": one})), plan(node(arguments={"x": other}))) > FELT


def test_numbers_that_are_the_same_read_alike() -> None:
    plans = [plan(node(arguments={"x": value})) for value in (10**20, 1e20)]
    assert moved(MODEL.execution, *plans) < SAME


def test_nothing_is_cut() -> None:
    """The last of 4,096 policy nodes, and the last of 500 plan nodes, move the latent."""
    rules = [f"rule{i} applies" for i in range(4090)]
    changed = [*rules[:-1], "export everything"]
    assert moved(MODEL.governance, context({"rules": rules}), context({"rules": changed})) > 1e-5
    nodes = [node("read_file", f"n{i}", arguments={"path": f"f{i}"}) for i in range(500)]
    edges = [[f"n{i}", f"n{i + 1}"] for i in range(499)]
    bad = [*nodes[:-1], node("delete_everything", "n499", provenance_tier=3)]
    assert moved(MODEL.execution, plan(*nodes, edges=edges), plan(*bad, edges=edges)) > 1e-4


def test_too_large_is_refused() -> None:
    with pytest.raises(InputError, match="refused, not cut"):
        MODEL.governance.encode(context({"rules": list(range(70_000))}))
    with pytest.raises(InputError, match="at most 4096"):
        MODEL.execution.encode(plan(*(node("t", f"n{i}") for i in range(5000))))


def test_encode_takes_objects_plain_data_and_lists() -> None:
    plain = context(BASE)
    z = MODEL.governance.encode(plain)
    assert z.shape == (1, SMALL["latent_dim"])
    assert torch.equal(z, MODEL.governance.encode(parse_context(plain)))
    assert MODEL.governance.encode([plain] * 3).shape == (3, SMALL["latent_dim"])
    assert MODEL.governance.encode([]).shape == (0, SMALL["latent_dim"])
    assert z.dtype == torch.float32
    assert not z.requires_grad


def test_encode_ignores_dropout_and_keeps_the_mode() -> None:
    encoder = GovernanceEncoder(**{**SMALL, "dropout": 0.5})
    encoder.train()
    assert torch.equal(encoder.encode(context()), encoder.encode(context()))
    assert encoder.training


def test_signatures_of_the_specification() -> None:
    for cls in (GovernanceEncoder, ExecutionEncoder):
        encoder = cls(latent_dim=64, hidden_dim=32)
        assert encoder.hparams["latent_dim"] == 64
        assert encoder.hparams["hidden_dim"] == 32
    with pytest.raises(ValueError, match="hidden_dim=30"):
        GovernanceEncoder(latent_dim=64, hidden_dim=30)


def test_a_state_dict_holds_everything() -> None:
    torch.manual_seed(1)
    first = small_model()
    with torch.no_grad():
        for parameter in first.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    second = DualEncoder.create(**SMALL)
    second.load_state_dict(first.state_dict())
    assert torch.equal(first.governance.encode(context()), second.governance.encode(context()))
    assert torch.equal(first.execution.encode(plan()), second.execution.encode(plan()))


def test_weights_of_other_features_are_refused() -> None:
    with pytest.raises(CheckpointError, match="other features"):
        GovernanceEncoder(**SMALL).load_state_dict(GovernanceEncoder(**SMALL, word_table=False).state_dict())


def test_energy_agrees_with_the_latents_and_ignores_labels_and_meta() -> None:
    traces = many_traces(6)
    energy = MODEL.energy(traces)
    z_g = MODEL.governance.encode([t.governance_context for t in traces])
    z_e = MODEL.execution.encode([t.execution_plan for t in traces])
    assert torch.allclose(energy, 1 - (z_g * z_e).sum(-1), atol=SAME)
    assert ((energy >= 0) & (energy <= 2)).all()
    altered = [t.model_copy(update={"meta": {"label": "violation"}, "label": "compliant", "id": "x"}) for t in traces]
    assert torch.equal(MODEL.energy(altered), energy)
