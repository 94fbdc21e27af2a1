"""Training a re-ranker: the loss against loops, what examples hold, that it learns and repeats, the scales of its energy."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from gatling.attack import MUTATIONS
from gatling.encoders.reranker import Matcher, Reranker
from gatling.errors import TrainingError
from gatling.evaluation import embed_corpus
from gatling.evaluation.separation import auroc
from gatling.generate.generator import Generator
from gatling.schema import parse_trace
from gatling.store.corpus import Corpus
from gatling.tools import load_catalog
from gatling.training.mutants import MutantMaker
from gatling.training.reranking import (
    COMPLIANT,
    OTHER,
    VIOLATING,
    RerankerConfig,
    corpus_scores,
    fit_reranker,
    make_examples,
    measured,
    ranking_loss,
    train_reranker,
)
from tests.models import small_model

CONFIG = RerankerConfig(hidden_dim=16, epochs=20, contexts_per_step=8)


def corpus_of(split: str, count: int) -> Corpus:
    generator = Generator(load_catalog(["builtin"]))
    traces = [parse_trace(generator.trace(split, i).data) for i in range(count)]
    return Corpus.from_traces(traces, "policy", keep_records=True)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return corpus_of("train", 150)


def test_the_loss_is_that_of_loops() -> None:
    generator = torch.Generator().manual_seed(3)
    q = torch.randn(9, generator=generator)
    kind = torch.tensor([COMPLIANT, VIOLATING, OTHER, COMPLIANT, COMPLIANT, VIOLATING, VIOLATING, OTHER, COMPLIANT])
    example = torch.tensor([0, 0, 0, 1, 1, 1, 1, 1, 2])

    def soft(x: float) -> float:
        return math.log1p(math.exp(x))

    values, kinds, examples = q.tolist(), kind.tolist(), example.tolist()
    means = {
        k: sum(soft(v if k == COMPLIANT else -v) for v, own in zip(values, kinds, strict=True) if own == k)
        / kinds.count(k)
        for k in (COMPLIANT, VIOLATING, OTHER)
    }
    alone = (means[COMPLIANT] + 0.8 * means[VIOLATING] + 0.2 * means[OTHER]) / 2
    pairs = [
        soft(values[i] - values[j])
        for i in range(9)
        for j in range(9)
        if examples[i] == examples[j] and kinds[i] == COMPLIANT and kinds[j] != COMPLIANT
    ]
    assert len(pairs) == 8
    assert float(ranking_loss(q, kind, example)) == pytest.approx(alone + sum(pairs) / len(pairs), abs=1e-6)


def test_examples_hold_own_violating_and_other_plans(corpus: Corpus) -> None:
    maker = MutantMaker(corpus, list(MUTATIONS))
    examples = make_examples(corpus, maker, CONFIG, Matcher(Reranker(16)))
    assert len(examples) == corpus.num_compliant
    counts = np.array([[example.kinds.count(kind) for kind in (COMPLIANT, VIOLATING, OTHER)] for example in examples])
    assert (counts[:, 0] >= 1).all()
    assert counts[:, 0].max() > 1  # near misses
    assert (counts[:, 1] >= 3).mean() > 0.5
    assert counts[:, 1].max() <= 5
    assert (counts[:, 2] <= 3).all()
    assert counts[:, 2].sum() > len(examples)
    again = make_examples(corpus, maker, CONFIG, Matcher(Reranker(16)))
    for one, two in zip(examples, again, strict=True):
        assert one.kinds == two.kinds
        assert all((a.nodes == b.nodes).all() for a, b in zip(one.matches, two.matches, strict=True))


def test_the_same_seed_gives_the_same_weights() -> None:
    few, unseen, model = corpus_of("train", 30), corpus_of("unseen_domains", 20), small_model()
    config = replace(CONFIG, epochs=2)
    one, two = (train_reranker(model, few, unseen, config, mutations=list(MUTATIONS)) for _ in range(2))
    assert one.scales == two.scales
    for mine, theirs in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    other = train_reranker(model, few, unseen, replace(config, seed=1), mutations=list(MUTATIONS))
    assert other.scales != one.scales


def test_it_learns_what_carries_over_to_other_domains(corpus: Corpus) -> None:
    unseen, model, losses = corpus_of("unseen_domains", 100), small_model(), []
    trained = train_reranker(
        model, corpus, unseen, CONFIG, mutations=list(MUTATIONS), on_epoch=lambda epoch, loss: losses.append(loss)
    )
    assert losses[-1] < 0.9 * losses[0]
    violating = torch.from_numpy(~unseen.is_compliant)
    chance = auroc(corpus_scores(Reranker(16), unseen), violating)
    assert auroc(corpus_scores(trained, unseen), violating) > max(0.6, chance)
    figures = measured(trained, model, unseen)
    assert set(figures) == {"latents", "reranker", "both"}
    assert figures["reranker"]["auroc"] == pytest.approx(auroc(corpus_scores(trained, unseen), violating))
    a, b, _ = trained.scales
    distance = 1 - embed_corpus(model, unseen).similarity()
    q = corpus_scores(trained, unseen)
    assert a * float(distance.std()) == pytest.approx(b * float(q.std()), rel=1e-4)  # the same say
    energy = trained.energy(q, 1 - distance)
    share = [float((energy / 2)[violating == label].mean()) for label in (True, False)]
    assert sum(share) / 2 == pytest.approx(0.5, abs=1e-3)  # calibrated in the large


def test_without_violations_there_are_no_scales(corpus: Corpus) -> None:
    only = corpus.subset(np.flatnonzero(corpus.is_compliant))
    with pytest.raises(TrainingError, match="compliant traces and violations"):
        train_reranker(small_model(), corpus, only, CONFIG, mutations=list(MUTATIONS))


def test_there_must_be_something_to_learn_from() -> None:
    with pytest.raises(TrainingError, match="no compliant trace"):
        fit_reranker([], CONFIG)
