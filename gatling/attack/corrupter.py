"""The Corrupter: compliant traces to certified violations, each with a near miss beside it where there is one.

    corrupter = Corrupter()
    for mutant in corrupter.corrupt(trace, count=3, seed=7):
        mutant.trace           # label violation, violation_type, violating_nodes
        mutant.certificate     # the clause that is broken, or the request
        mutant.near_miss       # the same edit held just inside what is allowed; compliant

An edit counts only when the oracle, or the request that it departs from, says that it breaks a rule. The same trace, seed and
settings give the same mutants, in any process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Any

from gatling.attack.calls import CallPool
from gatling.attack.draft import Draft
from gatling.attack.mutation import Attack, Mutation
from gatling.attack.mutations import MUTATIONS
from gatling.attack.subject import Certificate, Subject
from gatling.errors import ConfigError
from gatling.policy import Oracle, recognise
from gatling.schema import ExecutionPlan, Trace
from gatling.schema.lru import LruCache
from gatling.schema.plain import canonical_json

_MAX_TRIES = 6
_KEPT_ORACLES = 512


@dataclass(frozen=True, slots=True)
class Mutant:
    """A violation made from a compliant trace."""

    mutation: str
    trace: Trace
    """Labelled `violation`, with `violation_type` and `violating_nodes`."""
    certificate: Certificate
    severity: float
    """0: just beyond the line, 1: blatant."""
    near_miss: Trace | None
    """The same edit just inside what is allowed, labelled `compliant`; None where the mutation has none for this trace."""


def mutation_names(setting: str) -> list[str]:
    """Return the mutations that a setting names: by commas, or `all`. Raises: ConfigError for none, or an unknown one."""
    names = list(MUTATIONS) if setting == "all" else [name.strip() for name in setting.split(",") if name.strip()]
    for name in names:
        if name not in MUTATIONS:
            raise ConfigError(f"--mutations names {name!r}, which is no mutation; there are {', '.join(MUTATIONS)}")
    if not names:
        raise ConfigError("--mutations names none")
    return names


class Corrupter:
    """Attacks plans.

    Args:
        mutations: names; by default all of `MUTATIONS`.
        pool: calls that may be added to a plan; by default those of the built-in catalogue's tools.
    """

    def __init__(self, mutations: Sequence[str] | None = None, *, pool: CallPool | None = None) -> None:
        self.mutations = tuple(MUTATIONS if mutations is None else mutations)
        self.pool = pool or CallPool()
        self._oracles: LruCache[bytes, Oracle] = LruCache(_KEPT_ORACLES)

    def subject(self, trace: Trace) -> Subject | None:
        """Return the trace ready for attack; None if it is no compliant one, or its policy denies it."""
        if not trace.is_compliant:
            return None
        subject = Subject(trace, self.oracle(trace.governance_context.policy))
        return subject if subject.is_sound else None

    def oracle(self, policy: dict[str, Any]) -> Oracle:
        """Return the oracle of a policy; of the last 512 policies it is kept."""
        key = hashlib.blake2b(canonical_json(policy).encode(), digest_size=16).digest()
        return self._oracles.get(key, lambda: Oracle(recognise(policy, strict=False), use_cedar=False))

    def corrupt(
        self, trace: Trace, *, count: int, seed: int, strength: tuple[float, float] = (0.0, 1.0)
    ) -> list[Mutant]:
        """Return up to so many mutants of a trace, of different mutations; none of a trace that is no compliant one.

        Args:
            seed: with the trace's content it decides everything.
            strength: bounds of how blatant edits are, within [0, 1].
        """
        subject = self.subject(trace) if count else None
        if subject is None:
            return []
        context, plan = trace.governance_context.digest, trace.execution_plan.digest
        return self.mutants(subject, Random(f"{seed}:{context}:{plan}"), count=count, strength=strength)

    def mutants(
        self, subject: Subject, rng: Random, *, count: int, strength: tuple[float, float] = (0.0, 1.0)
    ) -> list[Mutant]:
        """Return up to so many mutants of a subject, of different mutations drawn at random."""
        found: list[Mutant] = []
        for name in rng.sample(self.mutations, len(self.mutations)):
            if len(found) == count:
                break
            mutant = self.apply(MUTATIONS[name], subject, Random(rng.getrandbits(64)), strength=rng.uniform(*strength))
            if mutant is not None:
                found.append(mutant)
        return found

    def apply(self, mutation: Mutation, subject: Subject, rng: Random, *, strength: float) -> Mutant | None:
        """Apply one mutation; None if it does not apply."""
        attack = Attack(rng, subject, self.pool, strength)
        for proposal in islice(mutation.propose(attack), _MAX_TRIES):
            certificate = subject.certify(proposal.draft, by=proposal.by)
            if certificate is None:
                continue
            near = proposal.near
            return Mutant(
                mutation=mutation.name,
                trace=_relabelled(subject.trace, mutation.name, proposal.draft),
                certificate=certificate,
                severity=max(0.0, min(1.0, proposal.severity)),
                near_miss=_near_miss(subject.trace, mutation.name, near.build())
                if near is not None and subject.is_inside(near)
                else None,
            )
        return None


def _relabelled(trace: Trace, mutation: str, draft: Draft) -> Trace:
    plan = draft.build()
    here = {n.node_id for n in plan.nodes}
    return trace.model_copy(
        update={
            "execution_plan": plan,
            "label": "violation",
            "violation_type": mutation,
            "violating_nodes": tuple(n for n in draft.blamed if n in here),
            "id": f"{trace.id}~{mutation}" if trace.id else None,
        }
    )


def _near_miss(trace: Trace, mutation: str, plan: ExecutionPlan) -> Trace:
    return trace.model_copy(update={"execution_plan": plan, "id": f"{trace.id}~{mutation}~near" if trace.id else None})
