"""Training batches: which traces, in which order, with which hard negatives.

Everything is a pure function of (seed, epoch, step), so a resumed run sees what an uninterrupted one would have seen,
whatever the number of workers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from gatling.data.corpus import Corpus
from gatling.features import PlanBatch, PolicyBatch, WordVectors


@dataclass(frozen=True, slots=True)
class TrainBatch:
    """B positives and up to K hard negatives each; distinct contexts and plans stand once in the encoder batches."""

    policy: PolicyBatch
    plan: PlanBatch
    context_row: Tensor
    """`(B,)` int64: the context's row in `policy`."""
    plan_row: Tensor
    """`(B,)` int64: the compliant plan's row in `plan`."""
    negative_row: Tensor
    """`(B, K)` int64: rows in `plan`, -1 where there is no hard negative."""
    is_shared: Tensor
    """`(B, B)` bool: off the diagonal, whether the plan of row j is a compliant one of the context of row i, anywhere in
    the training data. Such pairs are no negatives."""

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
        )


class EpochBatches(Dataset[TrainBatch]):
    """The batches of one epoch, by step.

    Args:
        batch_size: at most; an epoch's batches differ by at most one trace in size.
        num_negatives: K, hard negatives drawn for each positive from the violations of its context.
        num_passes: how often the epoch goes through the data.
        word_table: as the encoders were made.
    """

    def __init__(
        self,
        corpus: Corpus,
        *,
        batch_size: int,
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

    def __getitem__(self, step: int) -> TrainBatch:
        rng = np.random.default_rng([self.seed, self.epoch, step, 1])
        contexts: dict[int, int] = {}
        plans: dict[int, int] = {}
        context_row, plan_row, negative_row = [], [], []
        rows = self.batches[step]
        context, plan, pairs = self.corpus.context[rows], self.corpus.plan[rows], self.corpus.pairs
        for own_context, own_plan in zip(context.tolist(), plan.tolist(), strict=True):
            context_row.append(contexts.setdefault(own_context, len(contexts)))
            plan_row.append(plans.setdefault(own_plan, len(plans)))
            pool = pairs.violations(own_context)
            drawn = pool[rng.permutation(len(pool))[: self.num_negatives]].tolist()
            negatives = [plans.setdefault(one, len(plans)) for one in drawn]
            negative_row.append(negatives + [-1] * (self.num_negatives - len(negatives)))
        is_shared = torch.from_numpy(pairs.is_compliant(context[:, None], plan[None, :]))
        return TrainBatch(
            policy=PolicyBatch.collate([self.corpus.contexts[c] for c in contexts], self.word_vectors),
            plan=PlanBatch.collate([self.corpus.plans[p] for p in plans], self.word_vectors),
            context_row=torch.tensor(context_row),
            plan_row=torch.tensor(plan_row),
            negative_row=torch.tensor(negative_row, dtype=torch.int64).reshape(len(context_row), self.num_negatives),
            is_shared=is_shared & ~torch.eye(len(rows), dtype=torch.bool),
        )

    def loader(self, *, start: int, num_workers: int) -> Iterator[TrainBatch]:
        """Yield the batches from step `start` on."""
        # Its own generator: a loader draws a seed when it starts, and must not take it from the one that dropout uses.
        generator = torch.Generator().manual_seed(self.seed)
        steps = range(start, len(self.batches))  # made here, so that workers need not make them again
        return iter(DataLoader(self, batch_size=None, sampler=steps, num_workers=num_workers, generator=generator))


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
