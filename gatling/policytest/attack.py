"""Every mutation against every seed, each mutant with what stops it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, zip_longest
from random import Random
from typing import Literal

from pydantic import ValidationError

from gatling.attack import MUTATIONS, CallPool
from gatling.attack.mutation import Attack, Mutation
from gatling.attack.subject import Subject
from gatling.policy import Judgement, Oracle
from gatling.schema import ExecutionPlan, Trace

STRENGTHS = (0.0, 0.35, 0.7, 1.0)
MAX_PROPOSALS = 5
"""Edits that are taken of a mutation at each strength, before it is drawn anew."""
FLAGGED = 0.05
"""Of the seeds, the share whose latent energy may lie above the threshold."""

MutantStatus = Literal["killed", "learned", "survived"]
Energies = Callable[[Sequence[Trace]], Sequence[float]]
"""Latent energies of traces, in [0, 2]."""


@dataclass(frozen=True, slots=True)
class Attacked:
    """A mutant, and what the policy makes of it."""

    mutation: str
    seed: Trace
    plan: ExecutionPlan
    blamed: tuple[str, ...]
    unasked: frozenset[str]
    """Nodes that the request does not ask for."""
    judgement: Judgement
    """By the oracle, to whom nobody says what was asked for."""
    verdict: MutantStatus
    energy: float | None = None
    """Latent energy; None where there is no model or the oracle decides."""

    @property
    def trace(self) -> Trace:
        return Trace(governance_context=self.seed.governance_context, execution_plan=self.plan, label="violation")


def attack(
    seeds: Sequence[Trace],
    oracle: Oracle,
    pool: CallPool,
    *,
    per_mutation: int,
    seed: int,
    progress: Callable[[int], None] = lambda count: None,
) -> list[Attacked]:
    """Return the mutants of all seeds, certified or not: whether the rules stop them is the question.

    Args:
        seeds: compliant traces of the oracle's policy.
        per_mutation: mutants of each mutation, at most, for a role and the tools of a seed's plan.
        seed: with the seeds it decides everything.
        progress: told after each seed: 1.
    """
    for trace in seeds:
        pool.add(trace.execution_plan)
    found: list[Attacked] = []
    counts: Counter[tuple[str, ...]] = Counter()
    for trace in seeds:
        context, plan = trace.governance_context, trace.execution_plan
        subject = Subject(trace, oracle)
        tools = sorted(n.tool_name for n in plan.nodes)
        for mutation in MUTATIONS.values():
            key = (mutation.name, context.user_role, *tools)
            start = f"{seed}:{context.digest}:{plan.digest}:{mutation.name}"
            draws = math.ceil(per_mutation / (len(STRENGTHS) * MAX_PROPOSALS))
            for mutant in islice(_mutants(mutation, subject, pool, start, draws), per_mutation - counts[key]):
                counts[key] += 1
                found.append(mutant)
        progress(1)
    return found


def _mutants(mutation: Mutation, subject: Subject, pool: CallPool, start: str, draws: int) -> Iterator[Attacked]:
    """Yield the different mutants of one seed: of each strength the likeliest, then of each the next."""
    seen = {subject.plan.digest}
    for draw in range(draws):
        rngs = [(Random(f"{start}:{strength}:{draw}"), strength) for strength in STRENGTHS]
        columns = [
            islice(mutation.propose(Attack(rng, subject, pool, strength)), MAX_PROPOSALS) for rng, strength in rngs
        ]
        for proposal in (p for row in zip_longest(*columns) for p in row if p is not None):
            try:
                plan = proposal.draft.build()
            except ValidationError:  # an edge too many closed a cycle
                continue
            if plan.digest in seen:
                continue
            seen.add(plan.digest)
            judgement = subject.oracle.judge(subject.context, plan)
            yield Attacked(
                mutation.name,
                subject.trace,
                plan,
                tuple(proposal.draft.blamed),
                frozenset(proposal.draft.unasked),
                judgement,
                "killed" if judgement.violations else "survived",
            )


def ask_model(
    seeds: Sequence[Trace], mutants: Sequence[Attacked], energies: Energies, *, progress: Callable[[int], None]
) -> tuple[list[Attacked], float]:
    """Ask the learned part about every mutant that the rules let pass.

    The threshold is the 95th percentile of the seeds' energies (the nearest rank), so that at most 5 % of the user's own plans
    lie above it.

    Returns:
        The mutants, those above the threshold as `learned`, and the threshold.
    """
    own = sorted(_energies(seeds, energies, progress))
    threshold = own[math.ceil((1 - FLAGGED) * len(own)) - 1]
    passed = [m for m in mutants if m.verdict == "survived"]
    scored = iter(_energies([m.trace for m in passed], energies, progress))
    out = []
    for mutant in mutants:
        if mutant.verdict == "survived":
            energy = next(scored)
            mutant = replace(mutant, energy=energy, verdict="learned" if energy > threshold else "survived")
        out.append(mutant)
    return out, threshold


def _energies(traces: Sequence[Trace], energies: Energies, progress: Callable[[int], None]) -> list[float]:
    found: list[float] = []
    for start in range(0, len(traces), 64):
        found += energies(traces[start : start + 64])
        progress(len(found) - start)
    return found
