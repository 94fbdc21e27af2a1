"""Traces as what critics learn from: features and energies of every node, and which nodes are to blame.

Beside the traces of a file stand mutants of its compliant ones, made by the Corrupter, and their near misses. A mutant knows
the example it was made from, so that the two can be held apart by a margin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from gatling.attack import MUTATIONS, CallPool, Corrupter
from gatling.energy.critics.latent import LatentCritic
from gatling.energy.critics.relevance import relevance
from gatling.energy.critics.scope import ScopeFacts
from gatling.energy.critics.table import CRITICS
from gatling.energy.facts import ContextFacts, PlanFacts
from gatling.energy.finding import Source
from gatling.policy import Rulebook, recognise
from gatling.request.asking import request_of
from gatling.schema import Trace, read_traces
from gatling.schema.files import trace_files
from gatling.schema.lru import LruCache
from gatling.schema.plain import canonical_json
from gatling.store.groups import GroupKey

Floats = NDArray[np.float64]

SCOPE_MUTATIONS = frozenset(name for name, mutation in MUTATIONS.items() if mutation.is_of_scope)
"""Edits that only change how much is asked for: the relevance of a node says nothing of them."""


@dataclass
class Example:
    """One plan in its context."""

    features: Floats
    """`(nodes, features)`, see `energy.relevance`."""
    fixed: dict[str, Floats]
    """Energies that nothing is learned for, `(nodes,)` each: provenance, flow, latent."""
    scope: ScopeFacts
    is_blamed: NDArray[np.bool_]
    """`(nodes,)`."""
    is_violation: bool
    kind: str
    """`given`, `mutant` or `near_miss`."""
    violation_type: str
    source: int
    """Which file."""
    suite: str
    """What is left out as a whole when weights are fitted and lines are found."""
    context: str
    """Digest of the context."""
    by: tuple[str, ...] = ()
    """Values of the fields to report by."""
    gold: int | None = None
    """Position of the example that a mutant was made from."""

    @property
    def is_usable(self) -> bool:
        """Whether its nodes say something: a violation must name a node to blame."""
        return not self.is_violation or bool(self.is_blamed.any())


@dataclass
class ExampleMaker:
    """Args:
    latent: with it, the latent term's energies are computed; without, they are 0.
    report_by: fields of the trace that reports are by; no critic sees them.
    """

    latent: LatentCritic | None
    suite_by: str = "meta.suite"
    report_by: tuple[str, ...] = ()
    _rules: LruCache[str, Rulebook] = field(default_factory=lambda: LruCache(512))
    _contexts: LruCache[str, ContextFacts] = field(default_factory=lambda: LruCache(4_096))

    def __post_init__(self) -> None:
        self._suite = GroupKey(self.suite_by)
        self._by = [GroupKey(name) for name in self.report_by]
        self._formulas = {name: kind.read({}, "") for name, kind in CRITICS.items() if not kind.is_learned}
        if self.latent is not None:
            self._formulas[Source.LATENT] = self.latent

    def make(self, trace: Trace, *, kind: str, source: int, gold: int | None = None) -> Example:
        context, plan = trace.governance_context, trace.execution_plan
        facts = PlanFacts(self._contexts.get(context.digest, lambda: self._context(trace)), plan)
        fixed = {name: critic(facts) for name, critic in self._formulas.items()}
        blamed = set(trace.violating_nodes)
        return Example(
            features=relevance(facts),
            fixed=fixed,
            scope=ScopeFacts.of(facts),
            is_blamed=np.array([n.node_id in blamed for n in plan.nodes]),
            is_violation=not trace.is_compliant,
            kind=kind,
            violation_type=trace.violation_type or "",
            source=source,
            suite=self._suite_of(trace, source),
            context=context.digest,
            by=tuple(key(trace) for key in self._by),
            gold=gold,
        )

    def _suite_of(self, trace: Trace, source: int) -> str:
        """Return the suite that the trace names; of one that names none the file counts."""
        missing = self._suite.num_missing
        name = self._suite(trace)
        return name if self._suite.num_missing == missing else f"file {source}"

    def _context(self, trace: Trace) -> ContextFacts:
        context = trace.governance_context
        rules = self._rules.get(canonical_json(context.policy), lambda: recognise(context.policy, strict=False))
        latent = None if self.latent is None else partial(self.latent.context_latent, context, rules)
        return ContextFacts(context, rules, latent=latent)


def examples_of_files(
    files: Sequence[Path],
    maker: ExampleMaker,
    *,
    mutations: Sequence[str],
    per_trace: int,
    limit: int,
    seed: int,
    advance: Callable[[int], None] = lambda count: None,
) -> list[Example]:
    """Return the examples of some trace files, with mutants of their compliant traces.

    Args:
        limit: traces read of each file, at most, in its order.
    """
    found: list[Example] = []
    for source, path in enumerate(files):
        traces: list[Trace] = []
        for part in trace_files(path):
            for trace in read_traces(part):
                traces.append(trace)
                if len(traces) >= limit:
                    break
        found += _examples(traces, maker, found, mutations, per_trace, source, seed, advance)
    return found


def _examples(
    traces: list[Trace],
    maker: ExampleMaker,
    before: list[Example],
    mutations: Sequence[str],
    per_trace: int,
    source: int,
    seed: int,
    advance: Callable[[int], None],
) -> Iterable[Example]:
    pool = CallPool()
    for trace in traces:
        if trace.is_compliant:
            pool.add(trace.execution_plan, request_of(trace.governance_context))
    corrupter = Corrupter(mutations, pool=pool) if mutations and per_trace else None
    found: list[Example] = []
    for trace in traces:
        found.append(maker.make(trace, kind="given", source=source))
        gold = len(before) + len(found) - 1
        subject = corrupter.subject(trace) if corrupter else None
        if corrupter and subject:
            rng = Random(f"{seed}:{trace.governance_context.digest}:{trace.execution_plan.digest}")
            for mutant in corrupter.mutants(subject, rng, count=per_trace):
                found.append(maker.make(mutant.trace, kind="mutant", source=source, gold=gold))
                if mutant.near_miss is not None:
                    found.append(maker.make(mutant.near_miss, kind="near_miss", source=source))
        advance(1)
    return found


def subset(examples: Sequence[Example], keep: Callable[[Example], bool]) -> list[Example]:
    """Return the examples that are kept, with the positions of gold plans as they are then."""
    position: dict[int, int] = {}
    for i, example in enumerate(examples):
        if keep(example):
            position[i] = len(position)
    return [
        replace(examples[i], gold=position.get(gold) if (gold := examples[i].gold) is not None else None)
        for i in position
    ]
