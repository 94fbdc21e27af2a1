"""What a policy test found: counts by mutation, the mutation score, and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gatling.attack import MUTATIONS
from gatling.policy import Oracle
from gatling.policy.source import show_path
from gatling.policytest.attack import Attacked
from gatling.policytest.changes import Change, change_of
from gatling.policytest.remedy import Remedy, remedy_for
from gatling.policytest.seeds import Seeds


@dataclass(frozen=True, slots=True)
class Hole:
    """Survivors of one mutation on the same argument of the same tool: one thing that is missing."""

    mutation: str
    count: int
    mutant: Attacked
    """The first of them; `change` and `remedy` are its."""
    change: Change
    remedy: Remedy

    def to_dict(self) -> dict[str, Any]:
        clause = self.remedy.clause
        return {
            "mutation": self.mutation,
            "tool": self.change.tool,
            "argument": self.change.argument or None,
            "mutants": self.count,
            "role": self.mutant.seed.governance_context.user_role,
            "before": self.change.before,
            "after": self.change.after,
            "why": self.remedy.why,
            "clause": show_path(clause.path) if clause else None,
            "line": clause.line if clause else None,
            "remedy": self.remedy.text,
            "rule": self.remedy.rule,
            "needs_request": self.remedy.needs_request,
        }


@dataclass(frozen=True, slots=True)
class PolicyReport:
    """The outcome of a test.

    Args:
        threshold: latent energy above which a plan is flagged; None without a model.
    """

    seeds: Seeds
    mutants: Sequence[Attacked]
    threshold: float | None
    oracle: Oracle

    def count(self, verdict: str, mutation: str | None = None) -> int:
        return sum(m.verdict == verdict and mutation in (None, m.mutation) for m in self.mutants)

    @property
    def undecided(self) -> int:
        """Mutants that survive and that the oracle leaves undecided."""
        return sum(m.verdict == "survived" and m.judgement.verdict == "undecided" for m in self.mutants)

    @property
    def score(self) -> float:
        """The mutation score: the share of mutants that explicit rules kill, in [0, 1]."""
        return self.count("killed") / len(self.mutants)

    @property
    def score_with_model(self) -> float | None:
        if self.threshold is None:
            return None
        return (self.count("killed") + self.count("learned")) / len(self.mutants)

    def holes(self) -> list[Hole]:
        """Return what is missing: by mutation, and in it what lets most mutants through first."""
        groups: dict[tuple[str, str, str], list[tuple[Attacked, Change]]] = {}
        for mutant in self.mutants:
            if mutant.verdict == "survived":
                change = change_of(mutant)
                groups.setdefault((mutant.mutation, change.tool, change.argument), []).append((mutant, change))
        order = {name: i for i, name in enumerate(MUTATIONS)}
        ranked = sorted(groups.items(), key=lambda item: (order[item[0][0]], -len(item[1]), item[0]))
        return [
            Hole(
                name,
                len(group),
                *group[0],
                remedy_for(*group[0], self.oracle),
            )
            for (name, _, _), group in ranked
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data, every mutant included."""
        roles = Counter(t.governance_context.user_role for t in self.seeds.traces)
        return {
            "seeds": {
                "count": len(self.seeds.traces),
                "by_role": dict(sorted(roles.items())),
                "left_out": len(self.seeds.denied),
                "denied": list(self.seeds.denied),
                "passed": list(self.seeds.passed),
                "dropped": [{"role": d.role, "tool": d.tool, "reason": d.reason} for d in self.seeds.dropped],
                "unknown_tools": list(self.seeds.unknown),
            },
            "mutants": len(self.mutants),
            **{verdict: self.count(verdict) for verdict in ("killed", "learned", "survived")},
            "undecided": self.undecided,
            "score": self.score,
            "score_with_model": self.score_with_model,
            "energy_threshold": self.threshold,
            "mutations": {
                name: {
                    "summary": mutation.summary,
                    "remedy": mutation.remedy,
                    **{v: self.count(v, name) for v in ("killed", "learned", "survived")},
                    "applies": any(m.mutation == name for m in self.mutants),
                }
                for name, mutation in MUTATIONS.items()
            },
            "holes": [hole.to_dict() for hole in self.holes()],
            "attacks": [_attack(m) for m in self.mutants],
        }


def _attack(mutant: Attacked) -> dict[str, Any]:
    change = change_of(mutant)
    stopped = mutant.judgement.violations
    return {
        "mutation": mutant.mutation,
        "seed": mutant.seed.id,
        "tool": change.tool,
        "argument": change.argument or None,
        "before": change.before,
        "after": change.after,
        "verdict": mutant.verdict,
        "oracle": mutant.judgement.verdict,
        "by": str(stopped[0]) if stopped else None,
        "energy": mutant.energy,
    }
