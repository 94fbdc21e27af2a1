"""Training batches: which traces, in which order, with which hard negatives.

Everything is a pure function of (seed, epoch, step), so a resumed run sees what an uninterrupted one would have seen,
whatever the number of workers. A step's traces are cut into chunks, of which each process of a run takes some; what is drawn
for a trace does not depend on the cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from signal import SIG_IGN, SIGINT, SIGTERM, signal

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from gatling.attack import MUTATIONS
from gatling.encoders.tensors import as_tensors
from gatling.features import PlanBatch, PlanFeatures, PolicyBatch
from gatling.features.backbone import DEFAULT_BACKBONE, Backbone, make_backbone
from gatling.schema.lazy import cached_property
from gatling.store.corpus import Corpus
from gatling.training.mutants import MadeNegative, MutantMaker
from gatling.training.renaming import RenamedWords


@dataclass(frozen=True, slots=True)
class TrainBatch:
    """B positives and up to K hard negatives each; distinct contexts and plans stand once in the encoder batches.

    They are a chunk of the N positives of an optimizer step: all of them, unless batches are cut. Traces of the corpus come
    first, then near misses, which are compliant too.
    """

    policy: PolicyBatch[Tensor]
    plan: PlanBatch[Tensor]
    context_row: Tensor
    """`(B,)` int64: the context's row in `policy`."""
    plan_row: Tensor
    """`(B,)` int64: the compliant plan's row in `plan`."""
    negative_row: Tensor
    """`(B, K)` int64: rows in `plan`, -1 where there is no hard negative."""
    negative_type: Tensor
    """`(B, K)` int64: what kind each is, a number in `EpochBatches.negative_types`; -1 where there is none."""
    context_id: Tensor
    """`(B,)` int64: the context's number in the corpus."""
    plan_id: Tensor
    """`(B,)` int64: the compliant plan's number in the corpus; -1 for a near miss."""


class EpochBatches(Dataset[TrainBatch]):
    """The batches of one epoch: chunk c of step s is item `s * num_chunks + c`.

    A step's traces are cut into `num_chunks * num_ranks` pieces that differ by at most one trace. A rank takes
    `num_chunks` of them that follow each other; those of all ranks, in order, are the step. A piece may be empty.

    Args:
        backbone: that of the encoders. Default: the bundled one.
        num_negatives: K, hard negatives of each positive: violations of its context from the corpus and, with `maker`, as
            many made on the fly; where one kind is short, the other fills in.
        maker: makes hard negatives, and near misses as further positives.
        near_misses: take the near miss of a made negative, where there is one, as a further positive; one a trace.
        strength: bounds of how blatant made negatives are, at the start and at the end of the epoch, within [0, 1].
        run_length: traces of one group that follow each other, at most; their plans are each other's hardest negatives.
        is_masking: leave out of the negatives the plans that are compliant in the row's context; without, for ablations.
        renamed_words: share of each step's words that are renamed, see `renaming`; none for a backbone that reads texts.
        batch_size: traces of a step, at most; an epoch's steps differ by at most one trace in size.
        chunk_size: traces of all ranks that are encoded at once, at most. Default: the whole step.
        rank, num_ranks: which process this is, and of how many.
        num_passes: how often the epoch goes through the data.
    """

    def __init__(
        self,
        corpus: Corpus,
        *,
        backbone: Backbone | None = None,
        batch_size: int,
        chunk_size: int | None = None,
        rank: int = 0,
        num_ranks: int = 1,
        num_negatives: int,
        seed: int,
        epoch: int,
        num_passes: int = 1,
        maker: MutantMaker | None = None,
        near_misses: bool = True,
        strength: tuple[tuple[float, float], tuple[float, float]] = ((0.0, 1.0), (0.0, 1.0)),
        run_length: int = 1,
        is_masking: bool = True,
        renamed_words: float = 0.0,
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
        self.backbone = backbone or make_backbone(DEFAULT_BACKBONE)
        self._renamed_words = renamed_words if self.backbone.reads == "words" else 0.0
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
            order = _order(self.corpus, np.random.default_rng([self.seed, self.epoch, number]), self._run_length)
            batches += [order[a:b] for a, b in pairwise(self._bounds)]
        return batches

    def __len__(self) -> int:
        return self._num_passes * (len(self._bounds) - 1)

    def __getitem__(self, item: int) -> TrainBatch:
        step, chunk = divmod(item, self.num_chunks)
        rows = self.batches[step]
        bounds = np.linspace(0, len(rows), self._num_pieces + 1).round().astype(int).tolist()
        first, last = list(pairwise(bounds))[self._pieces][chunk]
        draft = _BatchDraft(self.corpus)
        for place, row in enumerate(rows[first:last].tolist(), start=first):
            self._add_trace(draft, row, step, np.random.default_rng([self.seed, self.epoch, step, place]))
        if not draft.rows:  # an empty piece has one record of each kind that no row refers to
            draft.contexts[int(self.corpus.context[rows[0]])] = 0
            draft.known_plan(int(self.corpus.plan[rows[0]]))
        return self._collate(draft, self._backbone_of(step))

    def _add_trace(self, draft: _BatchDraft, row: int, step: int, rng: np.random.Generator) -> None:
        """Add a trace of the corpus, its hard negatives, and a near miss; all drawn from the trace's own generator."""
        corpus = self.corpus
        context, plan = int(corpus.context[row]), int(corpus.plan[row])
        pool = corpus.pairs.violation_rows(context)
        drawn = pool[rng.permutation(len(pool))]
        made = self._made(context, plan, Random(int(rng.integers(2**63))), step, len(drawn))
        given = drawn[: self.num_negatives - len(made)].tolist()
        plan_row = draft.known_plan(plan)
        negatives = [(draft.known_plan(int(corpus.plan[r])), int(corpus.violation_type[r])) for r in given]
        made_rows = [(draft.new_plan(one.plan), self._type_numbers[one.mutation]) for one in made]
        draft.rows.append(_Positive(draft.context_row(context), plan_row, context, plan, negatives + made_rows))
        near = next((i for i, one in enumerate(made) if one.near_miss is not None), None)
        if near is not None and self.near_misses:  # its hard negative is the mutant that it nearly is
            near_row = draft.new_plan(made[near].near_miss)
            draft.near_rows.append(_Positive(draft.context_row(context), near_row, context, -1, [made_rows[near]]))

    def _made(self, context: int, plan: int, rng: Random, step: int, num_given: int) -> list[MadeNegative]:
        """Make the share of the hard negatives that the corpus leaves to the Corrupter."""
        if self.maker is None:
            return []
        count = self.num_negatives - min(num_given, self.num_negatives // 2)
        at = step / max(1, len(self))
        low, high = (a + (b - a) * at for a, b in zip(*self._strength, strict=True))
        return self.maker.make(context, plan, rng, count=count, strength=(low, high))

    def _backbone_of(self, step: int) -> Backbone:
        if not self._renamed_words:
            return self.backbone
        return RenamedWords(self.backbone, share=self._renamed_words, key=(self.seed, self.epoch, step))

    def _collate(self, draft: _BatchDraft, backbone: Backbone) -> TrainBatch:
        rows = [*draft.rows, *draft.near_rows]
        negatives = torch.full((len(rows), self.num_negatives, 2), -1, dtype=torch.int64)
        for i, row in enumerate(rows):
            for k, negative in enumerate(row.negatives):
                negatives[i, k] = torch.tensor(negative)
        numbers = torch.tensor([(r.context_row, r.plan_row, r.context, r.plan) for r in rows], dtype=torch.int64)
        context_row, plan_row, context_id, plan_id = numbers.reshape(-1, 4).T
        return TrainBatch(
            policy=as_tensors(PolicyBatch.collate([self.corpus.contexts[c] for c in draft.contexts], backbone)),
            plan=as_tensors(PlanBatch.collate(draft.plan_features(), backbone)),
            context_row=context_row,
            plan_row=plan_row,
            negative_row=negatives[:, :, 0],
            negative_type=negatives[:, :, 1],
            context_id=context_id,
            plan_id=plan_id,
        )

    def is_shared(self, context_id: Tensor, plan_id: Tensor) -> Tensor:
        """Tell which pairs of a step are no negatives: `(N, N)` bool, off the diagonal.

        The plan of row j is a compliant one of the context of row i: anywhere in the corpus, or as a near miss of it.
        """
        context, plan = context_id.cpu().numpy(), plan_id.cpu().numpy()
        shared = context[:, None] == context[None, :]
        shared |= self.corpus.pairs.is_compliant(context[:, None], plan[None, :]) & (plan >= 0)[None, :]
        shared &= self.is_masking
        np.fill_diagonal(shared, False)
        return torch.from_numpy(shared).to(context_id.device)

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


@dataclass(frozen=True, slots=True)
class _Positive:
    context_row: int
    plan_row: int
    context: int
    plan: int
    """Both by number in the corpus."""
    negatives: list[tuple[int, int]]
    """Row of the plan, and number of its type."""


class _BatchDraft:
    """What a batch is made of, while it is put together: each context and plan once, in the order of first use."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self.contexts: dict[int, int] = {}
        """Row by number in the corpus."""
        self.rows: list[_Positive] = []
        self.near_rows: list[_Positive] = []
        self._row_of_plan: dict[int, int] = {}
        self._plans: list[int | PlanFeatures] = []

    def context_row(self, number: int) -> int:
        return self.contexts.setdefault(number, len(self.contexts))

    def known_plan(self, number: int) -> int:
        """Return the row of a plan of the corpus."""
        row = self._row_of_plan.setdefault(number, len(self._plans))
        if row == len(self._plans):
            self._plans.append(number)
        return row

    def new_plan(self, features: PlanFeatures | None) -> int:
        """Return the row of a plan that was made."""
        assert features is not None
        self._plans.append(features)
        return len(self._plans) - 1

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
