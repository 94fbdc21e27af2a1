"""Hard negatives made on the fly: the Corrupter at work on the traces of a corpus, in the process that prepares batches.

What is made depends on the corpus, the traces and the generator alone, so any worker makes the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from gatling.attack import CallPool, Corrupter, Mutant
from gatling.attack.subject import Subject
from gatling.errors import InputError
from gatling.features import PlanFeatures, plan_features
from gatling.request.asking import request_of
from gatling.schema import GovernanceContext, Trace
from gatling.schema.lru import LruCache
from gatling.store.corpus import Corpus

_POOL_PLANS = 20_000
_KEPT_CONTEXTS = 1_024
_TRIED = 200


@dataclass(frozen=True, slots=True)
class MadeNegative:
    """A mutant as arrays."""

    mutation: str
    plan: PlanFeatures
    near_miss: PlanFeatures | None


class MutantMaker:
    """Makes mutants of a corpus's compliant traces.

    Args:
        corpus: its records were kept. Calls to add to plans are taken from up to 20,000 of its plans, spread evenly.
        mutations: names, see `MUTATIONS`.
    """

    def __init__(self, corpus: Corpus, mutations: Sequence[str]) -> None:
        self._corpus = corpus
        pool = CallPool()
        rows = np.flatnonzero(corpus.is_compliant)
        rows = rows[np.unique(corpus.plan[rows], return_index=True)[1]]
        plans_of = np.bincount(corpus.context[corpus.is_compliant], minlength=len(corpus.contexts))
        for row in rows[np.linspace(0, len(rows) - 1, min(len(rows), _POOL_PLANS)).astype(int)].tolist():
            context = int(corpus.context[row])
            # A context is only read where others' plans serve the same request.
            request = request_of(corpus.context_record(context)) if plans_of[context] > 1 else ""
            pool.add(corpus.plan_record(int(corpus.plan[row])), request)
        self._corrupter = Corrupter(mutations, pool=pool)
        self._contexts: LruCache[int, GovernanceContext] = LruCache(_KEPT_CONTEXTS)

    def make(
        self, context: int, plan: int, rng: Random, *, count: int, strength: tuple[float, float]
    ) -> list[MadeNegative]:
        """Return up to so many mutants of a plan in its context, both by number, of different mutations."""
        trace = self._trace(context, plan)
        subject = self._subject(trace)
        if subject is None:
            return []
        made: list[MadeNegative] = []
        for mutant in self._corrupter.mutants(subject, rng, count=count, strength=strength):
            try:
                near = None if mutant.near_miss is None else plan_features(mutant.near_miss.execution_plan)
                made.append(MadeNegative(mutant.mutation, plan_features(mutant.trace.execution_plan), near))
            except InputError:  # the edit made the plan larger than an encoder takes
                continue
        return made

    def applies(self) -> bool:
        """Tell whether any of the first 200 compliant traces can be mutated."""
        rows = np.flatnonzero(self._corpus.is_compliant)[:_TRIED]
        return next(self.mutants(rows, seed=0), None) is not None

    def mutants(self, rows: np.ndarray, *, seed: int) -> Iterator[tuple[int, Mutant]]:
        """Yield every mutation of the traces in some rows of the corpus, each with its row, at random strengths."""
        for row in rows.tolist():
            subject = self._subject(self._trace(int(self._corpus.context[row]), int(self._corpus.plan[row])))
            if subject is not None:
                rng = Random(f"{seed}:{row}")
                yield from (
                    (row, m) for m in self._corrupter.mutants(subject, rng, count=len(self._corrupter.mutations))
                )

    def _subject(self, trace: Trace) -> Subject | None:
        return self._corrupter.subject(trace)

    def _trace(self, context: int, plan: int) -> Trace:
        found = self._contexts.get(context, lambda: self._corpus.context_record(context))
        return Trace.model_construct(
            governance_context=found,
            execution_plan=self._corpus.plan_record(plan),
            label="compliant",
            violating_nodes=(),
        )
