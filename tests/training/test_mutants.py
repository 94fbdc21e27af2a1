"""Hard negatives made on the fly: which they are, that a cut or a worker changes none, near misses as positives."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gatling.attack import MUTATIONS
from gatling.features import plan_features
from gatling.generate.generator import Generator
from gatling.schema import parse_trace
from gatling.store.corpus import Corpus
from gatling.tools import load_catalog
from gatling.training.batches import EpochBatches, TrainBatch
from gatling.training.data import attacked
from gatling.training.mutants import MadeNegative, MutantMaker
from tests.builders import many_traces


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    generator = Generator(load_catalog(["builtin"]))
    traces = [parse_trace(generator.trace("train", i).data) for i in range(120)]
    return Corpus.from_traces(traces, "policy", keep_records=True)


def epoch_of(corpus: Corpus, **changes: object) -> EpochBatches:
    maker = MutantMaker(corpus, list(MUTATIONS))
    settings = {"batch_size": 24, "num_negatives": 3, "seed": 1, "epoch": 0, "maker": maker, **changes}
    return EpochBatches(corpus, **settings)  # type: ignore[arg-type]


def test_records_come_back_from_the_shard(corpus: Corpus) -> None:
    for number in (0, 7):
        assert plan_features(corpus.plan_record(number)).num_nodes == corpus.plans[number].num_nodes
        own = corpus.context_record(number).digest[:32]
        assert own == corpus.contexts.digests()[number].tobytes().hex()


def test_at_least_half_of_the_negatives_are_made(corpus: Corpus) -> None:
    batches = epoch_of(corpus)
    names = np.array(batches.negative_types)
    batch = batches[0]
    types = batch.negative_type.numpy()
    assert ((types >= 0) == (batch.negative_row.numpy() >= 0)).all()
    made = np.isin(np.where(types >= 0, names[types], ""), list(MUTATIONS))
    own = batch.plan_id.numpy() >= 0
    assert (made[own].sum(axis=1) >= 1).mean() > 0.9  # a few plans give no mutation room
    assert (made[own].sum(axis=1) <= 3).all()
    given = ((types >= 0) & ~made)[own]
    assert given.any()
    assert (given.sum(axis=1) <= 1).mean() > 0.9
    assert len(set(names[types[types >= 0]])) > 8


def test_a_near_miss_is_a_positive_whose_negative_is_its_mutant(corpus: Corpus) -> None:
    batches = epoch_of(corpus)
    batch = batches[0]
    near = torch.nonzero(batch.plan_id < 0).squeeze(1)
    assert len(near) > 4
    shared = batches.is_shared(batch.context_id, batch.plan_id)
    for row in near.tolist():
        (trace,) = (
            torch.nonzero((batch.context_id == batch.context_id[row]) & (batch.plan_id >= 0)).squeeze(1).tolist()[:1]
        )
        assert shared[row, trace]
        assert shared[trace, row]
        assert batch.context_row[row] == batch.context_row[trace]
        assert batch.negative_row[row, 0] in batch.negative_row[trace]
        assert (batch.negative_row[row, 1:] < 0).all()
    without = epoch_of(corpus, near_misses=False)[0]
    assert (without.plan_id >= 0).all()
    masked = epoch_of(corpus, is_masking=False)
    assert not masked.is_shared(batch.context_id, batch.plan_id).any()


def same(a: TrainBatch, b: TrainBatch) -> bool:
    return (
        torch.equal(a.negative_type, b.negative_type)
        and torch.equal(a.plan_id, b.plan_id)
        and torch.equal(a.plan.texts.word_vectors, b.plan.texts.word_vectors)
        and torch.equal(a.plan.node_values, b.plan.node_values)
    )


def test_what_is_made_depends_on_seed_epoch_and_step_alone(corpus: Corpus) -> None:
    first = list(epoch_of(corpus).loader(start=0, num_workers=0))
    late = list(epoch_of(corpus).loader(start=1, num_workers=2))
    assert all(same(a, b) for a, b in zip(first[1:], late, strict=True))
    assert not same(first[0], epoch_of(corpus, epoch=1)[0])
    assert not same(first[0], epoch_of(corpus, seed=2)[0])


def test_the_chunks_of_a_step_are_the_step(corpus: Corpus) -> None:
    whole = epoch_of(corpus)[0]
    cut = epoch_of(corpus, chunk_size=5)
    chunks = [cut[c] for c in range(cut.num_chunks)]
    for own in (True, False):
        parts = [c.negative_type[(c.plan_id >= 0) == own] for c in chunks]
        assert torch.equal(torch.cat(parts), whole.negative_type[(whole.plan_id >= 0) == own])


def test_the_curriculum_goes_from_blatant_mutants_to_all(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[float, float]] = []

    def make(self: MutantMaker, *args: object, strength: tuple[float, float], **kwargs: object) -> list[MadeNegative]:
        asked.append(strength)
        return []

    monkeypatch.setattr(MutantMaker, "make", make)
    batches = epoch_of(corpus, batch_size=12, strength=((1.0, 1.0), (0.0, 1.0)))
    list(batches.loader(start=0, num_workers=0))
    lows = [low for low, _ in asked]
    assert lows[0] == 1.0
    assert lows == sorted(lows, reverse=True)
    assert lows[-1] < 0.5
    assert {high for _, high in asked} == {1.0}


def test_traces_of_a_group_stand_in_runs(corpus: Corpus) -> None:
    def neighbours(run_length: int) -> float:
        order = np.concatenate(epoch_of(corpus, maker=None, run_length=run_length).batches)
        assert sorted(order) == np.flatnonzero(corpus.is_compliant).tolist()
        group = corpus.group[order]
        return float((group[1:] == group[:-1]).mean())

    assert neighbours(4) > 0.5 > 0.3 > neighbours(1)


def test_validation_is_attacked_once_with_every_mutation(corpus: Corpus) -> None:
    more = attacked(corpus, list(MUTATIONS), seed=0)
    assert len(more) > 5 * corpus.num_compliant
    assert np.array_equal(more.context[: len(corpus)], corpus.context)
    assert np.array_equal(more.plan[: len(corpus)], corpus.plan)
    assert len(more.contexts) == len(corpus.contexts)
    types = {more.violation_type_names[t] for t in more.violation_type[len(corpus) :]}
    assert len(types & set(MUTATIONS)) > 10
    assert np.array_equal(attacked(corpus, list(MUTATIONS), seed=0).plan, more.plan)
    assert set(more.group.tolist()) == set(corpus.group.tolist())


def test_a_corpus_that_no_mutation_applies_to_is_told_apart(corpus: Corpus) -> None:
    assert MutantMaker(corpus, list(MUTATIONS)).applies()
    assert not MutantMaker(Corpus.from_traces(many_traces(4), keep_records=True), ["approval_skip"]).applies()
