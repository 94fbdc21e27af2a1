"""What the guard answers: a verdict with reasons, and where it is no, perhaps a plan that is yes.

An energy tells an attacker how close a try came, so neither durable logs nor agents see one: they get reason codes and
bands. `Decision.to_dict()` is that form; the objects themselves hold the energies for people who look into a model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NoReturn

from pydantic import ValidationError

from gatling.energy import Assessment, Code, Finding, Source, Verdict
from gatling.errors import GatlingError, InputError
from gatling.schema import ExecutionPlan


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict on one plan, or on one call of a running agent."""

    verdict: Verdict
    reasons: tuple[Finding, ...]
    """In order of weight, the worst first; empty for `allow`."""
    retryable: bool
    """Whether another plan for the same request could pass: false where role or policy rule the tools out altogether."""
    plan_digest: str
    policy_digest: str
    model_digest: str
    """Empty if no model could be asked."""
    latency_ms: float
    repaired: ExecutionPlan | None = None
    """A plan that the same guard allows, where one was asked for and found."""
    edits: tuple[str, ...] = ()
    """What was changed to get there, in order."""
    assessment: Assessment | None = field(default=None, repr=False)
    """All energies, for people; None where a fault kept the plan from being judged."""

    @property
    def is_allowed(self) -> bool:
        return self.verdict == "allow"

    def __bool__(self) -> NoReturn:
        """A decision is no truth value: `if guard.audit(...)` would let everything through."""
        raise TypeError("a Decision is neither true nor false: use decision.is_allowed")

    def to_dict(self) -> dict[str, Any]:
        """Return what may be logged or shown to an agent: codes and bands, no energies."""
        return {
            "verdict": self.verdict,
            "reasons": [
                {
                    "code": str(r.code),
                    "source": str(r.source),
                    "node_id": r.node_id,
                    "argument": r.argument,
                    "clause": r.clause,
                    "found": r.found,
                    "wanted": r.wanted,
                    "band": band(r.energy),
                }
                for r in self.reasons
            ],
            "retryable": self.retryable,
            "repaired": None if self.repaired is None else self.repaired.model_dump(mode="json", exclude_unset=True),
            "edits": list(self.edits),
            "plan_digest": self.plan_digest,
            "policy_digest": self.policy_digest,
            "model_digest": self.model_digest,
            "latency_ms": round(self.latency_ms, 1),
        }


def denial(reason: str, *, model_digest: str = "", latency_ms: float = 0.0) -> Decision:
    """Return the decision where something kept the guard from judging."""
    finding = Finding(Source.GUARD, Code.FAULT, None, None, None, reason, "a plan that can be judged", math.inf)
    return Decision("deny", (finding,), False, "", "", model_digest, latency_ms)


def fault_of(error: Exception) -> str:
    """Return the reason of a denial for an error that was raised while judging."""
    first = (str(error).splitlines() or [type(error).__name__])[0][:300]
    if isinstance(error, (InputError, ValidationError)):
        return f"refused: {first}"
    if isinstance(error, GatlingError):
        return first
    return f"an error of the guard: {type(error).__name__}: {first}"


def band(energy: float) -> str:
    """Return the band of an energy: `final` (denied by rule), `alarm` (1.0 or more), `doubt`."""
    return "final" if energy == float("inf") else "alarm" if energy >= 1.0 else "doubt"
