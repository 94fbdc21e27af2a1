"""Metrics against naive references, and the ways in which a metric could flatter."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from gatling.data.corpus import Corpus
from gatling.evaluation.embed import Embedded, Embedder, embed_corpus
from gatling.evaluation.geometry import effective_rank, uniformity
from gatling.evaluation.metrics import evaluate_embedded, loss_of_embedded
from gatling.evaluation.report import write_report
from gatling.evaluation.retrieval import nearest_neighbour
from gatling.evaluation.separation import auroc, auroc_interval, fpr_at_recall
from gatling.evaluation.summary import Evaluation, evaluate_corpus
from gatling.objectives import Objective
from tests.builders import many_traces, small_model


def embedded(
    z_g: torch.Tensor, z_e: torch.Tensor, context: list[int], compliant: list[bool], plan: list[int] | None = None
) -> Embedded:
    return Embedded(
        F.normalize(z_g, dim=-1),
        F.normalize(z_e, dim=-1),
        torch.tensor(context),
        torch.arange(len(context)) if plan is None else torch.tensor(plan),
        torch.tensor(compliant),
        ["s"] * len(context),
        [""] * len(context),
    )


def test_retrieval_equals_a_loop() -> None:
    torch.manual_seed(2)
    context = [i // 2 for i in range(40)]
    e = embedded(torch.randn(20, 5), torch.randn(40, 5), context, [i % 3 > 0 for i in range(40)])
    hits, queries, others = 0, 0, []
    gallery = [i for i in range(40) if e.is_compliant[i]]
    for c in range(20):
        own = [i for i in gallery if context[i] == c]
        others += [float(e.z_g[c] @ e.z_e[i]) for i in gallery if context[i] != c and own]
        if own:
            queries += 1
            best = max(gallery, key=lambda i: float(e.z_g[c] @ e.z_e[i]))
            hits += context[best] == c
    found = nearest_neighbour(e)
    assert (found.num_queries, found.gallery_size) == (queries, len(gallery))
    assert found.accuracy == pytest.approx(hits / queries)
    assert found.negative_similarity == pytest.approx(sum(others) / len(others), rel=1e-5)


def test_collapsed_latents_find_nothing() -> None:
    e = embedded(torch.ones(10, 4), torch.ones(10, 4), list(range(10)), [True] * 10)
    metrics = evaluate_embedded(e)
    assert metrics["nn_accuracy"] == 0
    assert metrics["positive_similarity"] == pytest.approx(1)
    assert metrics["effective_rank"] == pytest.approx(1, abs=1e-6)
    assert metrics["uniformity"] == pytest.approx(0, abs=1e-5)


def test_a_plan_that_two_contexts_share_belongs_to_both() -> None:
    z_g, z_e = torch.eye(3), torch.stack([torch.eye(3)[0]] * 2 + [torch.eye(3)[2]])
    shared = embedded(torch.stack([z_g[0], z_g[0], z_g[2]]), z_e, [0, 1, 2], [True] * 3, plan=[7, 7, 8])
    assert nearest_neighbour(shared).accuracy == 1
    assert nearest_neighbour(shared).negative_similarity == 0
    tied = embedded(torch.stack([z_g[0], z_g[0], z_g[2]]), z_e, [0, 1, 2], [True] * 3)
    assert nearest_neighbour(tied).accuracy == pytest.approx(1 / 3)


def test_a_violation_in_the_gallery_can_only_make_it_harder() -> None:
    z = torch.eye(4)
    e = embedded(z[:2], torch.stack([z[0] + 0.5 * z[2], z[1], z[0]]), [0, 1, 0], [True, True, False])
    assert nearest_neighbour(e).accuracy == 1
    assert nearest_neighbour(e, with_violations=True).accuracy == 0.5


def test_auroc_and_false_alarms_equal_loops() -> None:
    torch.manual_seed(1)
    energy = torch.randint(0, 12, (80,)) / 10.0
    violation = torch.rand(80) < 0.4
    pairs = [(float(v), float(c)) for v in energy[violation] for c in energy[~violation]]
    expected = sum(1.0 if v > c else 0.5 if v == c else 0.0 for v, c in pairs) / len(pairs)
    assert auroc(energy, violation) == pytest.approx(expected, abs=1e-6)
    for recall in (0.5, 0.95, 1.0):
        best = min(
            float((energy[~violation] >= t).float().mean())
            for t in energy.unique()
            if float((energy[violation] >= t).float().mean()) >= recall
        )
        assert fpr_at_recall(energy, violation, recall) == pytest.approx(best)
    assert math.isnan(auroc(energy, torch.zeros(80, dtype=torch.bool)))
    low, high = auroc_interval(energy, violation, torch.arange(80))
    assert low < expected < high


def test_close_energies_are_told_apart() -> None:
    energy = torch.tensor([1.9, 1.9 + 1e-6, 1.2, 1.2 + 1e-6])
    assert auroc(energy, torch.tensor([False, True, False, True])) == 0.75


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
    json.dumps(summary, allow_nan=False)


def test_the_report_is_written_whole(tmp_path: Path) -> None:
    model = small_model()
    e, summary = evaluate_corpus(model, Corpus.from_traces(many_traces(9)))
    history = [{"epoch": i, "train/loss": 1 / i, "val/loss": 2 / i, "val/nn_accuracy": 0.5} for i in (1, 2)]
    page = write_report(tmp_path / "r", title="T", notes=["N."], summary=summary, embedded=e, history=history)
    text = page.read_text()
    for name in ("training_curve.png", "similarity_histogram.png", "embedding_map.png"):
        assert f"({name})" in text
        assert (page.parent / name).read_bytes().startswith(b"\x89PNG")
    assert json.loads((page.parent / "report.json").read_text())["num_compliant"] == 9
    assert "| deletion | 5 |" in text
