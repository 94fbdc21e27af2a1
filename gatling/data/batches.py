"""Training batches: which traces, in which order, with which hard negatives.

Everything is a pure function of (seed, epoch, step), so a resumed run sees what an uninterrupted one would have seen,
whatever the number of workers. A step's traces are cut into chunks, of which each process of a run takes some; what is drawn
for a trace does not depend on the cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from signal import SIG_IGN, SIGINT, SIGTERM, signal

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from gatling.data.corpus import Corpus
from gatling.features import PlanBatch, PolicyBatch, WordVectors


@dataclass(frozen=True, slots=True)
class TrainBatch:
    """B positives and up to K hard negatives each; distinct contexts and plans stand once in the encoder batches.

    They are a chunk of the N positives of an optimizer step: all of them, unless batches are cut.
    """

    policy: PolicyBatch
    plan: PlanBatch
    context_row: Tensor
    """`(B,)` int64: the context's row in `policy`."""
    plan_row: Tensor
    """`(B,)` int64: the compliant plan's row in `plan`."""
    negative_row: Tensor
    """`(B, K)` int64: rows in `plan`, -1 where there is no hard negative."""
    is_shared: Tensor
    """`(B, N)` bool: whether the plan of the step's trace j, another than that of row i, is a compliant one of the context
    of row i, anywhere in the training data. Such pairs are no negatives."""
    is_new: Tensor
    """`(B, 2)` bool: whether the step has not had the row's context, and its plan, in an earlier row."""

    @property
    def num_traces(self) -> int:
        return int(self.context_row.shape[0])

    def to(self, device: torch.device) -> TrainBatch:
        return TrainBatch(
            self.policy.to(device),
            self.plan.to(device),
            self.context_row.to(device),
            self.plan_row.to(device),
            self.negative_row.to(device),
            self.is_shared.to(device),
            self.is_new.to(device),
        )


class EpochBatches(Dataset[TrainBatch]):
    """The batches of one epoch: chunk c of step s is item `s * num_chunks + c`.

    A step's traces are cut into `num_chunks * num_ranks` pieces that differ by at most one trace. A rank takes
    `num_chunks` of them that follow each other; those of all ranks, in order, are the step. A piece may be empty.

    Args:
        batch_size: traces of a step, at most; an epoch's steps differ by at most one trace in size.
        chunk_size: traces of all ranks that are encoded at once, at most. Default: the whole step.
        rank, num_ranks: which process this is, and of how many.
        num_negatives: K, hard negatives drawn for each positive from the violations of its context.
        num_passes: how often the epoch goes through the data.
        word_table: as the encoders were made.
    """

    def __init__(
        self,
        corpus: Corpus,
        *,
        batch_size: int,
        chunk_size: int | None = None,
        rank: int = 0,
        num_ranks: int = 1,
        num_negatives: int,
        seed: int,
        epoch: int,
        num_passes: int = 1,
        word_table: bool = True,
    ) -> None:
        self.corpus = corpus
        self.num_negatives = num_negatives
        self.seed = seed
        self.epoch = epoch
        self.word_vectors = WordVectors(use_table=word_table)
        self._num_passes = num_passes
        per_pass = max(1, -(-corpus.num_compliant // batch_size))
        self._bounds = np.linspace(0, corpus.num_compliant, per_pass + 1).round().astype(int).tolist()
        largest = max(b - a for a, b in pairwise(self._bounds))
        self.num_chunks = max(1, -(-largest // (chunk_size or batch_size)))
        """Chunks of each step, for each rank."""
        self._pieces = slice(rank * self.num_chunks, (rank + 1) * self.num_chunks)
        self._num_pieces = num_ranks * self.num_chunks

    @cached_property
    def batches(self) -> list[np.ndarray]:
        """The traces of each batch, by their index in the corpus."""
        batches: list[np.ndarray] = []
        for number in range(self._num_passes):
            order = _spread_order(self.corpus, np.random.default_rng([self.seed, self.epoch, number]))
            batches += [order[a:b] for a, b in pairwise(self._bounds)]
        return batches

    def __len__(self) -> int:
        return self._num_passes * (len(self._bounds) - 1)

    def __getitem__(self, item: int) -> TrainBatch:
        step, chunk = divmod(item, self.num_chunks)
        rows = self.batches[step]
        context, plan, pairs = self.corpus.context[rows], self.corpus.plan[rows], self.corpus.pairs
        rng = np.random.default_rng([self.seed, self.epoch, step, 1])
        drawn = []
        for pool in map(pairs.violations, context.tolist()):  # of the whole step, so that the cut changes no draw
            drawn.append(pool[rng.permutation(len(pool))[: self.num_negatives]].tolist())
        bounds = np.linspace(0, len(rows), self._num_pieces + 1).round().astype(int).tolist()
        own = slice(*list(pairwise(bounds))[self._pieces][chunk])

        contexts: dict[int, int] = {}
        plans: dict[int, int] = {}
        context_row, plan_row, negative_row = [], [], []
        for own_context, own_plan, own_drawn in zip(context[own].tolist(), plan[own].tolist(), drawn[own], strict=True):
            context_row.append(contexts.setdefault(own_context, len(contexts)))
            plan_row.append(plans.setdefault(own_plan, len(plans)))
            negatives = [plans.setdefault(one, len(plans)) for one in own_drawn]
            negative_row.append(negatives + [-1] * (self.num_negatives - len(negatives)))
        if not context_row:  # an empty piece has one record of each kind that no row refers to
            contexts, plans = {int(context[0]): 0}, {int(plan[0]): 0}
        is_shared = pairs.is_compliant(context[own, None], plan[None, :])
        is_shared[np.arange(len(context_row)), np.arange(len(rows))[own]] = False
        return TrainBatch(
            policy=PolicyBatch.collate([self.corpus.contexts[c] for c in contexts], self.word_vectors),
            plan=PlanBatch.collate([self.corpus.plans[p] for p in plans], self.word_vectors),
            context_row=torch.tensor(context_row, dtype=torch.int64),
            plan_row=torch.tensor(plan_row, dtype=torch.int64),
            negative_row=torch.tensor(negative_row, dtype=torch.int64).reshape(len(context_row), self.num_negatives),
            is_shared=torch.from_numpy(is_shared),
            is_new=torch.from_numpy(np.stack([_is_new(context), _is_new(plan)], axis=1)[own]),
        )

    def loader(self, *, start: int, num_workers: int) -> Iterator[TrainBatch]:
        """Yield the chunks of the steps from `start` on; those of a step twice over if there are several, see `grad_cache`."""
        # Its own generator: a loader draws a seed when it starts, and must not take it from the one that dropout uses.
        generator = torch.Generator().manual_seed(self.seed)
        steps = range(start, len(self.batches))  # made here, so that workers need not make them again
        times = 1 if self.num_chunks == 1 else 2
        items = (s * self.num_chunks + c for s in steps for _ in range(times) for c in range(self.num_chunks))
        return iter(
            DataLoader(
                self,
                batch_size=None,
                sampler=items,
                num_workers=num_workers,
                generator=generator,
                worker_init_fn=_leave_signals_to_parent,
            )
        )


def _leave_signals_to_parent(worker: int) -> None:
    """A signal to the whole group of processes must not take the workers away before the step is done."""
    for number in (SIGINT, SIGTERM):
        signal(number, SIG_IGN)


def _is_new(numbers: np.ndarray) -> np.ndarray:
    """Tell for each place whether its number stands there for the first time."""
    is_new = np.zeros(len(numbers), bool)
    is_new[np.unique(numbers, return_index=True)[1]] = True
    return is_new


def _spread_order(corpus: Corpus, rng: np.random.Generator) -> np.ndarray:
    """Shuffle the compliant examples so that those of one context lie far apart.

    Two traces of one context in a batch give each other no negative. The k-th of n traces of a context gets the place
    (k + u) / n with u uniform in [0, 1), and places are sorted.
    """
    offsets = corpus.pairs.member_offsets
    counts = np.diff(offsets)
    index = corpus.pairs.members.copy()
    for i in np.flatnonzero(counts > 1).tolist():
        rng.shuffle(index[offsets[i] : offsets[i + 1]])
    position = np.arange(len(index)) - np.repeat(offsets[:-1], counts)
    place = (position + np.repeat(rng.random(len(counts)), counts)) / np.repeat(counts, counts)
    return np.asarray(index[np.argsort(place, kind="stable")])
