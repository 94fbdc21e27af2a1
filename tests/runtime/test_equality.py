"""The encoders on numpy are those of torch: the same layers, held against each other on random weights and records."""

from __future__ import annotations

import copy
import math
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch.nn import functional as F

import gatling
from gatling.encoders import DualEncoder
from gatling.encoders.governance import tree_mask as torch_tree_mask
from gatling.encoders.segments import segment_max, segment_softmax, segment_sum
from gatling.encoders.tensors import as_tensors
from gatling.errors import CheckpointError
from gatling.features import PolicyBatch, WordVectors, call_features, context_features
from gatling.features.text import vector_dim
from gatling.runtime import RuntimeEncoders
from gatling.runtime.arrays import Segments, gelu, pooled
from gatling.runtime.governance import tree_mask
from gatling.runtime.known import KnownWords
from gatling.runtime.shapes import execution_shapes, governance_shapes
from gatling.schema import ExecutionPlan, parse_context, parse_plan
from tests.builders import SMALL, context, many_traces, node, plan
from tests.encoders.test_properties import plans, policies
from tests.energy.critics import random_context, random_plan
from tests.models import small_model
from tests.sizes import num_cases

CLOSE = 1e-5
EXACT = 1e-12


def perturbed(seed: int, **changes: Any) -> DualEncoder:
    """A small model none of whose weights is where it started, biases and scales of norms included."""
    torch.manual_seed(seed)
    model = small_model(**changes)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.2 * torch.randn_like(parameter)
    return model


def in_double(model: DualEncoder) -> DualEncoder:
    other = copy.deepcopy(model)
    other.governance.set_precision("fp64")
    other.execution.set_precision("fp64")
    return other


MODEL = perturbed(0)
DOUBLE = in_double(MODEL)
RUNTIME = MODEL.runtime()


def hold(
    model: DualEncoder, double: DualEncoder, runtime: RuntimeEncoders, contexts: list[Any], plan_list: list[Any]
) -> None:
    for ours, theirs, exactly, exact, records in (
        (runtime.governance, model.governance, runtime.exact.governance, double.governance, contexts),
        (runtime.execution, model.execution, runtime.exact.execution, double.execution, plan_list),
    ):
        found = ours.encode(records)
        assert found.dtype == np.float32
        assert np.abs(found - theirs.encode(records).numpy()).max() < CLOSE
        found = exactly.encode(records)
        assert found.dtype == np.float64
        assert np.abs(found - exact.encode(records).numpy()).max() < EXACT


@settings(max_examples=num_cases(many=40, few=15))
@given(policies)
def test_random_policies(policy: dict[str, Any]) -> None:
    one = context(policy)
    assert np.abs(RUNTIME.governance.encode(one) - MODEL.governance.encode(one).numpy()).max() < CLOSE
    assert np.abs(RUNTIME.exact.governance.encode(one) - DOUBLE.governance.encode(one).numpy()).max() < EXACT


@settings(max_examples=num_cases(many=40, few=15))
@given(plans())
def test_random_plans(one: dict[str, Any]) -> None:
    assert np.abs(RUNTIME.execution.encode(one) - MODEL.execution.encode(one).numpy()).max() < CLOSE
    assert np.abs(RUNTIME.exact.execution.encode(one) - DOUBLE.execution.encode(one).numpy()).max() < EXACT


@pytest.mark.parametrize(
    "changes", [{}, {"num_layers": 1}, {"latent_dim": 700}, {"num_heads": 8}, {"word_table": False}]
)
def test_batches_under_other_hyperparameters(changes: dict[str, Any]) -> None:
    model = perturbed(3, **changes)
    rng = Random(3)
    contexts = [random_context(rng) for _ in range(9)]
    hold(model, in_double(model), model.runtime(), contexts, [random_plan(rng, 7) for _ in range(9)])


def test_edges_of_the_range() -> None:
    """No argument, no edge, no word; a policy of many blocks; a text of many words."""
    long = " ".join(f"word{i % 700} and {i}" for i in range(3_000))
    wide = {f"section {i}": {f"key {k}": [k, long[: 10 * k], None] for k in range(30)} for i in range(12)}
    contexts = [
        context({}),
        context(wide),
        context({"a": long}),
        {"policy": {}, "user_role": "", "session_context": {}},
    ]
    records = [
        plan(node()),
        plan(node("x", "a"), node("y", "b", provenance_tier=3, scope_volume=10**6), edges=[["a", "b"]]),
        plan(*(node("send", f"n{i}", arguments={"text": long[: 40 * i], "list": [i, None, {}]}) for i in range(40))),
    ]
    hold(MODEL, DOUBLE, RUNTIME, contexts, records)


def test_the_bundled_model() -> None:
    model = gatling.load(precision="fp32")
    rng = Random(5)
    contexts = [random_context(rng) for _ in range(20)]
    hold(model, in_double(model), RuntimeEncoders.from_folder(), contexts, [random_plan(rng, 8) for _ in range(20)])


def test_the_same_latents_alone_and_in_a_batch() -> None:
    rng = Random(8)
    some = [random_plan(rng, 6) for _ in range(70)]
    together = RUNTIME.execution.encode(some)
    alone = np.concatenate([RUNTIME.execution.encode(one) for one in some])
    assert np.abs(together - alone).max() < CLOSE


def test_calls_are_plans_of_their_own() -> None:
    """Also where they share tools and words, have no argument or a long text, and are more than a batch holds."""
    rng = Random(11)
    long = " ".join(f"word{i} and {i}" for i in range(90))
    calls = [one for _ in range(20) for one in parse_plan(random_plan(rng, 5)).nodes]
    calls += parse_plan(
        plan(node("stop", "a"), node("send", "b", arguments={"text": long, "to": [{"a": 1}, {}, []]}))
    ).nodes
    alone = [ExecutionPlan.model_construct(nodes=(call,), edges=()) for call in calls]
    for ours, theirs, close in ((RUNTIME, MODEL, CLOSE), (RUNTIME.exact, DOUBLE, EXACT)):
        found = ours.execution.encode_calls(calls)
        assert np.abs(found - theirs.execution.encode(alone).numpy()).max() < close
        assert np.abs(found - ours.execution.encode(alone)).max() < close
    assert RUNTIME.execution.encode_calls([]).shape == (0, SMALL["latent_dim"])
    cut = list(call_features(calls, max_size=20))
    assert len(cut) > 5
    assert sum(part.num_nodes for part in cut) == len(calls)


def test_known_words_are_those_of_any_batch() -> None:
    """A store with room for a few words forgets them again and again, and what it says stays the same."""
    weights, words = RUNTIME.execution.weights, [f"word{i}" for i in range(40)] + ["x" * 200]
    for is_projected in (True, False):
        roomy = KnownWords(weights, WordVectors(), is_projected=is_projected)
        wanted = roomy(words)
        tight = KnownWords(weights, WordVectors(), is_projected=is_projected, max_bytes=5 * wanted[0].nbytes)
        for _ in range(2):
            for start in range(0, 41, 3):
                assert np.abs(tight(words[start : start + 4]) - wanted[start : start + 4]).max() < CLOSE
        assert np.array_equal(roomy(words[::-1]), roomy(words)[::-1])


def test_words_known_on_many_threads() -> None:
    tight = KnownWords(RUNTIME.execution.weights, WordVectors(), is_projected=True, max_bytes=60_000)
    wanted = {f"w{i}": tight([f"w{i}"])[0] for i in range(120)}

    def worst(seed: int) -> float:
        rng = Random(seed)
        names = [rng.sample(sorted(wanted), 7) for _ in range(150)]
        return max(float(np.abs(tight(list(some)) - [wanted[n] for n in some]).max()) for some in names)

    with ThreadPoolExecutor(4) as pool:
        assert max(pool.map(worst, range(4))) < CLOSE


def test_energies_are_those_of_torch() -> None:
    traces = many_traces(12)
    assert np.abs(RUNTIME.energy(traces) - MODEL.energy(traces).numpy()).max() < CLOSE


def test_gelu_is_exact() -> None:
    x = np.concatenate([np.linspace(-12, 12, 100_003), [0.0, -0.0, 1e-30, 8.5, -8.5, 1e30, -1e30]])
    wanted = np.array([v / 2 * math.erfc(-v / math.sqrt(2)) for v in x])
    assert np.abs(gelu(x) - wanted).max() < 2e-15 * 1e30
    inner = np.abs(x) < 20
    assert np.abs(gelu(x) - wanted)[inner].max() < 5e-15
    single = gelu(x.astype(np.float32))
    assert single.dtype == np.float32
    theirs = F.gelu(torch.tensor(x, dtype=torch.float32)).numpy()
    assert np.abs(single - theirs)[inner].max() < 1e-6
    assert np.isnan(gelu(np.array([np.nan, 1.0]))).tolist() == [True, False]
    assert gelu(np.array([np.inf, -np.inf, -40.0])).tolist()[0] == math.inf


def test_segments_are_those_of_torch() -> None:
    rng = np.random.default_rng(0)
    for is_sorted in (True, False):
        rows = rng.normal(size=(50, 3)) * 30
        numbers = rng.integers(0, 12, 50)
        numbers[numbers == 4] = 5  # one that has no rows
        numbers = np.sort(numbers) if is_sorted else numbers
        ours, index = Segments(numbers, 12), torch.tensor(numbers)
        for found, wanted in (
            (ours.sum(rows), segment_sum(torch.tensor(rows), index, 12)),
            (ours.max(rows), segment_max(torch.tensor(rows), index, 12)),
            (ours.softmax(rows), segment_softmax(torch.tensor(rows), index, 12)),
        ):
            assert np.allclose(found, wanted.numpy(), atol=1e-12)
    nothing = Segments(np.zeros(0, np.int64), 3)
    assert nothing.sum(np.zeros((0, 2))).tolist() == [[0, 0]] * 3


def test_bags_are_those_of_torch() -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(40, 5))
    lengths = [0, 3, 700, 0, 1, 513, 512, *rng.integers(0, 300, 120).tolist(), 0]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    index, weight = rng.integers(0, 40, offsets[-1]), rng.normal(size=offsets[-1])
    wanted = F.embedding_bag(
        torch.tensor(index),
        torch.tensor(rows),
        torch.tensor(offsets[:-1]),
        mode="sum",
        per_sample_weights=torch.tensor(weight),
    )
    assert np.allclose(pooled(rows, index, offsets, weight), wanted.numpy(), atol=1e-10)


def test_the_mask_is_that_of_torch() -> None:
    policy = {f"a{i}": {"x": [i, {"y": 2}], "z": "w"} for i in range(60)}
    batch = PolicyBatch.collate([context_features(parse_context(context(policy)))], WordVectors())
    assert len(batch.blocks) > 1 or len(batch.blocks[0].index) > 1
    for blocks, tensors in zip(batch.blocks, as_tensors(batch).blocks, strict=True):
        assert np.array_equal(tree_mask(blocks), torch_tree_mask(tensors).numpy())


def test_names_and_shapes_are_those_of_torch() -> None:
    for hparams in (SMALL, {**SMALL, "num_layers": 3, "num_heads": 8, "latent_dim": 11}):
        model = small_model(**hparams)
        for encoder, shapes in ((model.governance, governance_shapes), (model.execution, execution_shapes)):
            found = {name: tuple(tensor.shape) for name, tensor in encoder.state_dict().items()}
            assert found.pop("feature_digest") == (32,)
            assert shapes(encoder.hparams, vector_dim(encoder.backbone)) == found


def arrays(model: DualEncoder) -> list[dict[str, np.ndarray]]:
    return [{n: t.numpy().copy() for n, t in e.state_dict().items()} for e in (model.governance, model.execution)]


def test_weights_that_do_not_fit_are_refused() -> None:
    def made(change: Any, hparams: Any = None) -> None:
        settings = copy.deepcopy(MODEL.hparams)
        states = arrays(MODEL)
        change(settings, *states)
        RuntimeEncoders.from_arrays(settings, *states, "here")

    made(lambda settings, g, e: None)
    wrong: list[tuple[Any, str]] = [
        (lambda s, g, e: g.pop("key.bias"), r"key\.bias is missing or has another shape"),
        (
            lambda s, g, e: e.update({"tool.bias": np.zeros(3, np.float32)}),
            r"tool\.bias is missing or has another shape",
        ),
        (lambda s, g, e: e.update({"more": np.zeros(3)}), "more is no weight of it"),
        (lambda s, g, e: g["key.bias"].__setitem__(0, np.nan), r"key\.bias holds a value that is not finite"),
        (lambda s, g, e: g["feature_digest"].__setitem__(0, 1 ^ g["feature_digest"][0]), "trained with other features"),
        (lambda s, g, e: g.pop("feature_digest"), "trained with other features"),
        (lambda s, g, e: s.pop("execution_encoder"), "hyperparameters are missing"),
        (lambda s, g, e: s["execution_encoder"].update(num_layers=10**9), "num_layers is 1000000000"),
        (lambda s, g, e: s["execution_encoder"].update(hidden_dim=True), "hidden_dim is True"),
        (lambda s, g, e: s["execution_encoder"].update(num_heads=3), "hidden_dim is not a multiple of num_heads"),
    ]
    for change, message in wrong:
        with pytest.raises(CheckpointError, match=f"^here: .*{message}"):
            made(change)
