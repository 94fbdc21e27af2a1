"""Training batches: which traces, in which order, with which hard negatives.

Everything is a pure function of (seed, epoch, step), so a resumed run sees what an uninterrupted one would have seen,
whatever the number of workers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from random import Random

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from gatling.data.corpus import Corpus
from gatling.data.corrupter import MUTATIONS
from gatling.data.mutants import MadeNegative, MutantMaker
from gatling.features import PlanBatch, PlanFeatures, PolicyBatch, WordVectors


@dataclass(frozen=True, slots=True)
class TrainBatch:
    """B positives and up to K hard negatives each; distinct contexts and plans stand once in the encoder batches.

    The first `num_traces` rows are traces of the corpus; further ones are near misses, which are compliant too.
    """

    policy: PolicyBatch
    plan: PlanBatch
    context_row: Tensor
    """`(B,)` int64: the context's row in `policy`."""
    plan_row: Tensor
    """`(B,)` int64: the compliant plan's row in `plan`."""
    negative_row: Tensor
    """`(B, K)` int64: rows in `plan`, -1 where there is no hard negative."""
    negative_type: Tensor
    """`(B, K)` int64: what kind each is, a number in `EpochBatches.negative_types`; -1 where there is none."""
    is_shared: Tensor
    """`(B, B)` bool: off the diagonal, whether the plan of row j is a compliant one of the context of row i, anywhere in
    the training data. Such pairs are no negatives."""
    num_traces: int
    """Traces of the corpus in the batch."""

    def to(self, device: torch.device) -> TrainBatch:
        return TrainBatch(
            self.policy.to(device),
            self.plan.to(device),
            self.context_row.to(device),
            self.plan_row.to(device),
            self.negative_row.to(device),
            self.negative_type.to(device),
            self.is_shared.to(device),
            self.num_traces,
        )


class EpochBatches(Dataset[TrainBatch]):
    """The batches of one epoch, by step.

    Args:
        batch_size: at most; an epoch's batches differ by at most one trace in size.
        num_negatives: K, hard negatives of each positive: violations of its context from the corpus and, with `maker`, as
            many made on the fly; where one kind is short, the other fills in.
        maker: makes hard negatives, and near misses as further positives.
        near_misses: take the near miss of a made negative, where there is one, as a further positive; one a trace.
        strength: bounds of how blatant made negatives are, at the start and at the end of the epoch, within [0, 1].
        run_length: traces of one group that follow each other, at most; their plans are each other's hardest negatives.
        is_masking: leave out of the negatives the plans that are compliant in the row's context; without, for ablations.
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
        maker: MutantMaker | None = None,
        near_misses: bool = True,
        strength: tuple[tuple[float, float], tuple[float, float]] = ((0.0, 1.0), (0.0, 1.0)),
        run_length: int = 1,
        is_masking: bool = True,
    ) -> None:
        self.corpus = corpus
        self.maker = maker
        self.near_misses = near_misses
        self.is_masking = is_masking
        self._strength = strength
        self._run_length = run_length
        self.negative_types = list(dict.fromkeys([*corpus.violation_type_names, *MUTATIONS]))
        """What hard negatives are called, by number; those of the corpus first, as its columns number them."""
        self._type_numbers = {name: number for number, name in enumerate(self.negative_types)}
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
            order = _order(self.corpus, np.random.default_rng([self.seed, self.epoch, number]), self._run_length)
            batches += [order[a:b] for a, b in pairwise(self._bounds)]
        return batches

    def __len__(self) -> int:
        return self._num_passes * (len(self._bounds) - 1)

    def __getitem__(self, step: int) -> TrainBatch:
        rng = np.random.default_rng([self.seed, self.epoch, step, 1])
        rows = self.batches[step]
        context, plan = self.corpus.context[rows], self.corpus.plan[rows]
        draft = _BatchDraft(self.corpus)
        for own_context, own_plan in zip(context.tolist(), plan.tolist(), strict=True):
            pool = self.corpus.pairs.violation_rows(own_context)
            drawn = pool[rng.permutation(len(pool))]
            made = self._made(own_context, own_plan, Random(int(rng.integers(2**63))), step, len(drawn))
            given = drawn[: self.num_negatives - len(made)].tolist()
            negatives = [(draft.known_plan(self.corpus.plan[r]), int(self.corpus.violation_type[r])) for r in given]
            types = [self._type_numbers[one.mutation] for one in made]
            negatives += [(draft.new_plan(one.plan), number) for one, number in zip(made, types, strict=True)]
            draft.add(own_context, draft.known_plan(own_plan), negatives)
            near = next((i for i, one in enumerate(made) if one.near_miss is not None), None)
            if near is not None and self.near_misses:
                draft.add_near_miss(own_context, made[near].near_miss, negatives[len(given) + near])
        return self._collate(draft, context, plan)

    def _made(self, context: int, plan: int, rng: Random, step: int, num_given: int) -> list[MadeNegative]:
        """Make the share of the hard negatives that the corpus leaves to the Corrupter."""
        if self.maker is None:
            return []
        count = self.num_negatives - min(num_given, self.num_negatives // 2)
        at = step / max(1, len(self))
        low, high = (a + (b - a) * at for a, b in zip(*self._strength, strict=True))
        return self.maker.make(context, plan, rng, count=count, strength=(low, high))

    def _collate(self, draft: _BatchDraft, context: np.ndarray, plan: np.ndarray) -> TrainBatch:
        rows, near, width = draft.rows, draft.near_rows, self.num_negatives
        contexts = np.concatenate([context, [row.context for row in near]]).astype(np.int64)
        plans = np.concatenate([plan, np.full(len(near), -1)]).astype(np.int64)
        is_shared = contexts[:, None] == contexts[None, :]
        is_shared |= self.corpus.pairs.is_compliant(contexts[:, None], plans[None, :]) & (plans >= 0)[None, :]
        if not self.is_masking:
            is_shared[:] = False
        np.fill_diagonal(is_shared, False)
        every = [*rows, *near]
        negatives = torch.full((len(every), width, 2), -1, dtype=torch.int64)
        for i, row in enumerate(every):
            if row.negatives and width:
                negatives[i, : len(row.negatives)] = torch.tensor(row.negatives[:width])
        return TrainBatch(
            policy=PolicyBatch.collate([self.corpus.contexts[c] for c in draft.contexts], self.word_vectors),
            plan=PlanBatch.collate(draft.plan_features(), self.word_vectors),
            context_row=torch.tensor([draft.contexts[row.context] for row in every]),
            plan_row=torch.tensor([row.plan_row for row in every]),
            negative_row=negatives[:, :, 0],
            negative_type=negatives[:, :, 1],
            is_shared=torch.from_numpy(is_shared),
            num_traces=len(rows),
        )

    def loader(self, *, start: int, num_workers: int) -> Iterator[TrainBatch]:
        """Yield the batches from step `start` on."""
        # Its own generator: a loader draws a seed when it starts, and must not take it from the one that dropout uses.
        generator = torch.Generator().manual_seed(self.seed)
        steps = range(start, len(self.batches))  # made here, so that workers need not make them again
        return iter(DataLoader(self, batch_size=None, sampler=steps, num_workers=num_workers, generator=generator))


@dataclass(frozen=True, slots=True)
class _Row:
    context: int
    """Number in the corpus."""
    plan_row: int
    negatives: list[tuple[int, int]]
    """Row of the plan, and number of its type."""


class _BatchDraft:
    """What a batch is made of, while it is put together: each context and plan once, in the order of first use."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self.contexts: dict[int, int] = {}
        """Row by number in the corpus."""
        self.rows: list[_Row] = []
        self.near_rows: list[_Row] = []
        self._row_of_plan: dict[int, int] = {}
        self._plans: list[int | PlanFeatures] = []

    def known_plan(self, number: int) -> int:
        """Return the row of a plan of the corpus."""
        row = self._row_of_plan.setdefault(int(number), len(self._plans))
        if row == len(self._plans):
            self._plans.append(int(number))
        return row

    def new_plan(self, features: PlanFeatures) -> int:
        self._plans.append(features)
        return len(self._plans) - 1

    def add(self, context: int, plan_row: int, negatives: list[tuple[int, int]]) -> None:
        self.contexts.setdefault(context, len(self.contexts))
        self.rows.append(_Row(context, plan_row, negatives))

    def add_near_miss(self, context: int, features: PlanFeatures | None, negative: tuple[int, int]) -> None:
        """Add a near miss as a positive whose hard negative is the mutant that it nearly is."""
        if features is not None:
            self.near_rows.append(_Row(context, self.new_plan(features), [negative]))

    def plan_features(self) -> list[PlanFeatures]:
        return [self._corpus.plans[one] if isinstance(one, int) else one for one in self._plans]


def _order(corpus: Corpus, rng: np.random.Generator, run_length: int) -> np.ndarray:
    """Shuffle the compliant examples: those of one context far apart, those of one group in runs."""
    order = _spread_order(corpus, rng)
    if run_length == 1:
        return order
    order = order[np.argsort(corpus.group[order], kind="stable")]
    group = corpus.group[order]
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    place = np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=len(order)))
    run = np.cumsum(place % run_length == 0) - 1
    return np.asarray(order[np.argsort(rng.permutation(run[-1] + 1)[run], kind="stable")]) if len(order) else order


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
