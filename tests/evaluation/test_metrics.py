"""Metrics against naive references, and the ways in which a metric could flatter."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from gatling.errors import ConfigError
from gatling.evaluation.embed import Embedder, embed_corpus
from gatling.evaluation.geometry import effective_rank, uniformity
from gatling.evaluation.metrics import evaluate_embedded, loss_of_embedded
from gatling.evaluation.summary import Evaluation, by_violation_type, evaluate_corpus
from gatling.objectives import Objective
from gatling.store.corpus import Corpus
from tests.builders import many_traces
from tests.models import embedded, small_model


def test_collapsed_latents_find_nothing() -> None:
    e = embedded(torch.ones(10, 4), torch.ones(10, 4), list(range(10)), [True] * 10)
    metrics = evaluate_embedded(e)
    assert metrics["nn_accuracy"] == 0
    assert metrics["positive_similarity"] == pytest.approx(1)
    assert metrics["effective_rank"] == pytest.approx(1, abs=1e-6)
    assert metrics["uniformity"] == pytest.approx(0, abs=1e-5)


def test_geometry() -> None:
    assert effective_rank(torch.eye(6)) == pytest.approx(6, rel=1e-6)
    spread = F.normalize(torch.randn(500, 64), dim=1)
    assert -4.1 < uniformity(spread) < -3.7


def test_the_validation_loss_is_the_objective() -> None:
    e = embedded(torch.randn(5, 8), torch.randn(5, 8), list(range(5)), [True] * 5)
    objective = Objective(security_margin=0.5, margin_weight=1.0, alignment_weight=0.0)
    loss = loss_of_embedded(e, objective, batch_size=8, temperature=0.1, num_negatives=1, seed=0)
    from gatling.objectives import info_nce

    assert loss["loss"] == pytest.approx(float(info_nce(e.z_g, e.z_e, logit_scale=10.0)), rel=1e-5)


def test_a_collapsed_model_has_the_worst_validation_loss() -> None:
    e = embedded(torch.ones(16, 4), torch.ones(16, 4), list(range(16)), [True] * 16)
    objective = Objective(security_margin=0.5, margin_weight=1.0, alignment_weight=0.0)
    loss = loss_of_embedded(e, objective, batch_size=16, temperature=0.07, num_negatives=1, seed=0)
    assert loss["loss"] == pytest.approx(math.log(16), rel=1e-4)


def test_streaming_equals_the_whole() -> None:
    model, traces = small_model(), many_traces(30)
    whole = embed_corpus(model, Corpus.from_traces(traces))
    embedder = Embedder(model)
    for start in range(0, len(traces), 7):
        embedder.add(traces[start : start + 7])
    stream = embedder.finish()
    assert torch.equal(stream.context, whole.context)
    assert torch.equal(stream.plan, whole.plan)
    assert len(stream.z_e) == len(stream.plan.unique())
    assert torch.allclose(stream.energy(), whole.energy(), atol=2e-5)


def test_summary_has_baselines_and_sources() -> None:
    model, traces = small_model(), many_traces(20)
    evaluation = Evaluation(model)
    evaluation.add(traces)
    _, summary = evaluation.finish()
    _, same = evaluate_corpus(model, Corpus.from_traces(traces))
    assert set(summary["sources"]) == {"even", "odd"}
    assert summary["baselines"]["tfidf"]["nn_accuracy"] == same["baselines"]["tfidf"]["nn_accuracy"] > 0.9
    # every violation reads from tier 3, but so does every compliant plan of these traces (no tier is stated)
    assert summary["baselines"]["tier3"]["auroc"] == 0.5
    assert summary["sources"]["odd"]["num_violations"] == 0
    assert "auroc" not in summary["sources"]["odd"]
    assert summary["auroc"] == pytest.approx(same["auroc"])
    assert summary["violation_types"]["deletion"]["auroc"] == pytest.approx(summary["auroc"])
    assert summary["violation_types"]["deletion"]["num_violations"] == 10
    assert summary["violation_types"]["deletion"]["num_pairs"] == summary["num_pairs"] == 10
    assert summary["violation_types"]["deletion"]["pairs_ranked"] == summary["pairs_ranked"]
    assert summary["violation_types"]["deletion"]["auroc_tfidf"] == summary["baselines"]["tfidf"]["auroc"]
    assert [(g["asked_for"], g["num_contexts"], g["num_draws"]) for g in summary["galleries"]] == [(100, 20, 20)]
    json.dumps(summary, allow_nan=False)


def test_sources_can_be_any_field() -> None:
    evaluation = Evaluation(small_model(), group_by="meta.suite,source")
    traces = many_traces(4, violations=False)
    named = [t.model_copy(update={"meta": {"suite": "a" if i < 2 else "b"}}) for i, t in enumerate(traces)]
    evaluation.add([*named, *many_traces(1, violations=False)])
    _, summary = evaluation.finish()
    assert list(summary["sources"]) == ["(no source)", "a, even", "a, odd", "b, even", "b, odd"]


def test_too_many_groups_are_refused_at_once() -> None:
    evaluation = Evaluation(small_model(), group_by="context")
    with pytest.raises(ConfigError, match="--group-by context makes more than 200 groups"):
        evaluation.add(many_traces(201, violations=False))


def test_the_worst_type_comes_first() -> None:
    z = torch.eye(4)
    e = embedded(z[:1], torch.stack([z[0], z[1], z[0] + z[1], -z[0]]), [0] * 4, [True, True, False, False])
    types = by_violation_type(replace(e, violation_type=["", "", "near", "far"]), {"none": torch.zeros(4)})
    assert list(types) == ["near", "far"]
    assert [t["auroc"] for t in types.values()] == [0.5, 1.0]
    assert [t["auroc_none"] for t in types.values()] == [0.5, 0.5]
    assert types["far"]["pairs_beyond_margin"] == 1.0
    assert types["far"]["mean_gap"] == pytest.approx(1.5)
    assert types["near"]["pairs_ranked"] == 0.5
