"""Chunks give the loss and the gradient of the whole batch."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gatling.store.corpus import Corpus
from gatling.training.batches import EpochBatches, TrainBatch
from tests.builders import SMALL, many_traces
from tests.training.steps import assert_close, grads, make_task, run, shared_corpus, step


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return shared_corpus()


@pytest.mark.parametrize(("chunk_size", "num_chunks"), [(27, 1), (9, 3), (4, 7), (1, 27)])
def test_without_dropout_it_is_a_single_forward_over_the_whole_batch(
    corpus: Corpus, chunk_size: int, num_chunks: int
) -> None:
    task = make_task(dropout=0.0)
    whole = step(corpus)
    output = task(whole[0], whole.is_shared(whole[0].context_id, whole[0].plan_id))
    output.loss.backward()
    wanted = grads(task)
    assert "log_temperature" in wanted
    batches = step(corpus, chunk_size=chunk_size)
    assert batches.num_chunks == num_chunks
    result = run(task, batches)
    assert result.loss == pytest.approx(float(output.loss.detach()), rel=1e-5)
    assert result.latents.shape == (27, 4, SMALL["latent_dim"])
    assert_close(grads(task), wanted)


def test_with_dropout_it_is_the_same_chunks_with_the_same_masks(corpus: Corpus) -> None:
    task = make_task(dropout=0.3).train()
    batches = step(corpus, chunk_size=4)
    chunks = [batches[c] for c in range(batches.num_chunks)]
    torch.manual_seed(11)
    latents = torch.cat([task.encode(chunk) for chunk in chunks])
    after = torch.get_rng_state()
    whole = step(corpus)[0]
    output = task.loss(latents, batches.is_shared(whole.context_id, whole.plan_id), whole.negative_row >= 0)
    output.loss.backward()
    wanted = grads(task)

    torch.manual_seed(11)
    result = run(task, batches)
    assert result.loss == pytest.approx(float(output.loss.detach()), rel=1e-5)
    assert_close(grads(task), wanted)
    assert torch.equal(torch.get_rng_state(), after)  # the second pass takes nothing from the generator

    torch.manual_seed(12)
    assert run(task, batches).loss != pytest.approx(result.loss, rel=1e-4)  # the masks do matter


@pytest.mark.parametrize(("num_ranks", "chunk_size"), [(1, 10), (2, 27), (3, 6), (5, 7), (27, 27), (40, 27)])
def test_the_pieces_of_all_processes_are_the_step_of_one(corpus: Corpus, num_ranks: int, chunk_size: int) -> None:
    task = make_task(dropout=0.0).eval()
    whole = step(corpus)[0]
    pieces: list[TrainBatch] = []
    for rank in range(num_ranks):
        batches = step(corpus, chunk_size=chunk_size, rank=rank, num_ranks=num_ranks)
        own = [batches[c] for c in range(batches.num_chunks)]
        assert all(piece.context_row.numel() <= -(-chunk_size // num_ranks) for piece in own)
        pieces += own
    sizes = [piece.context_row.numel() for piece in pieces]
    assert max(sizes) - min(sizes) <= 1
    for name in ("context_id", "plan_id"):
        assert torch.equal(torch.cat([getattr(p, name) for p in pieces]), getattr(whole, name))
    assert torch.equal(torch.cat([p.negative_row >= 0 for p in pieces]), whole.negative_row >= 0)
    has_latent = torch.cat([torch.ones(27, 2, dtype=torch.bool), whole.negative_row >= 0], dim=1)
    with torch.no_grad():
        found, wanted = torch.cat([task.encode(p) for p in pieces]), task.encode(whole)
    assert torch.allclose(found[has_latent], wanted[has_latent], atol=1e-5)


def test_no_trace_of_an_epoch_is_left_out_when_nothing_divides(corpus: Corpus) -> None:
    batches = EpochBatches(corpus, batch_size=10, chunk_size=4, num_negatives=0, seed=0, epoch=0)
    assert [len(rows) for rows in batches.batches] == [9, 9, 9]
    chunks = [batches[i] for i in range(len(batches) * batches.num_chunks)]
    assert sum(chunk.context_row.numel() for chunk in chunks) == corpus.num_compliant == 27
    assert sorted(np.concatenate(batches.batches)) == np.flatnonzero(corpus.is_compliant).tolist()


class _Live:
    """Counts the bytes that graphs keep for their backward passes."""

    def __init__(self) -> None:
        self.now = self.peak = 0

    def __enter__(self) -> _Live:
        self._hooks = torch.autograd.graph.saved_tensors_hooks(self._pack, lambda box: box[0])
        self._hooks.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._hooks.__exit__(*error)

    def _pack(self, tensor: Tensor) -> Any:
        class Box(list[Tensor]):
            pass

        box = Box([tensor])
        self.now += tensor.nbytes
        self.peak = max(self.peak, self.now)
        weakref.finalize(box, self._free, tensor.nbytes)
        return box

    def _free(self, size: int) -> None:
        self.now -= size


def test_memory_follows_the_chunk_and_not_the_step() -> None:
    corpus = Corpus.from_traces(many_traces(64))
    task = make_task(dropout=0.1)
    peaks = {}
    for batch_size, chunk_size in ((8, 8), (64, 8), (64, 64)):
        batches = EpochBatches(corpus, batch_size=batch_size, chunk_size=chunk_size, num_negatives=1, seed=0, epoch=0)
        with _Live() as live:
            run(task, batches)
        peaks[batch_size, chunk_size] = live.peak
    assert peaks[64, 8] < 1.2 * peaks[8, 8]
    assert peaks[64, 64] > 2 * peaks[8, 8]  # the measure sees what is being saved
