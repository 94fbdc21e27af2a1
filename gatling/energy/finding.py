"""What is wrong with a plan: findings, and the assessment that they belong to.

Energies are on one scale for all critics: 0 is nothing to say, 1.0 the calibrated alarm line (see `calibration`). What the
oracle denies has no energy; it is final.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Literal, Protocol

from gatling.schema import ExecutionPlan, GovernanceContext

Verdict = Literal["allow", "escalate", "deny"]
SEVERITY: dict[Verdict, int] = {"allow": 0, "escalate": 1, "deny": 2}


class Source(enum.StrEnum):
    """Who says so."""

    ORACLE = "oracle"
    HIERARCHY = "hierarchy"
    PROVENANCE = "provenance"
    SCOPE = "scope"
    FLOW = "flow"
    LATENT = "latent"
    ATTRIBUTION = "attribution"
    """Whose wish the call is, by what had been read."""
    EFFECT = "effect"
    """What the call does, by its tool and the programs among its arguments."""
    GUARD = "guard"
    """A fault: something could not be judged at all."""


class Code(enum.StrEnum):
    """Reason codes: what logs and agents see. They do not change between versions."""

    FORBIDDEN = "forbidden"
    """A clause denies the call."""
    NOT_GRANTED = "not_granted"
    """No clause allows the call."""
    REQUIREMENT = "requirement"
    """The call fails a check of a clause: a limit, a destination, a tier, a value."""
    UNDECIDED = "undecided"
    """The policy may forbid it; the rules that are read do not say."""
    NOT_ASKED = "not_asked"
    """The request does not ask for the call, and content may have."""
    ORDERED_BY_CONTENT = "ordered_by_content"
    """The call does what a text that was read asks for, and the request does not."""
    UNASKED_EFFECT = "unasked_effect"
    """The call changes, destroys, sends or reads what nobody asked for, or runs a program that is not understood."""
    UNTRUSTED_VALUE = "untrusted_value"
    """A privileged call takes a value from text that outsiders write, and nothing endorses it."""
    TOO_WIDE = "too_wide"
    """The call asks for more than the policy's limit or what the request needs."""
    LEAK = "leak"
    """Sensitive data reaches a place outside that neither request nor policy names."""
    UNUSUAL = "unusual"
    """The call does not fit the context, by the encoders."""
    FAULT = "fault"
    """The judge could not do its work."""
    BUDGET = "budget"
    """What the session may do in all is used up: calls, a sum, or minutes."""
    LOOP = "loop"
    """The same call was refused too often."""
    STOPPED = "stopped"
    """A person has stopped the session, or all of them."""
    REFUSED = "refused"
    """A person was asked, and said no."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, where, and what was wanted."""

    source: str
    """Who says so: `Source`, or the name of a critic of one's own."""
    code: Code
    node_id: str | None
    """None for the plan as a whole."""
    argument: str | None
    """Dotted path of the argument, where one is to blame."""
    clause: str | None
    """Place of the policy's clause with its line, as in `forbidden_operations[1] (line 7)`."""
    found: str
    wanted: str
    energy: float = field(repr=False)
    """On the common scale; infinite for what is denied for certain and for faults. Never logged, never shown to an agent."""
    bound: float | None = None
    """The largest number that would do, where a number is to blame."""

    def __str__(self) -> str:
        where = ".".join(part for part in (self.node_id, self.argument) if part) or "plan"
        clause = f" ({self.clause})" if self.clause else ""
        return f"{where}: {self.found}; wanted {self.wanted}{clause}"


@dataclass(frozen=True, slots=True)
class Assessment:
    """The outcome of a full audit of one plan."""

    verdict: Verdict
    energy: float
    """Of the plan: its worst node's; infinite if the oracle denies."""
    node_energy: dict[str, float]
    """Composite energy by node id."""
    findings: tuple[Finding, ...]
    """In order of weight, the worst first."""
    critic_energy: dict[str, float] = field(default_factory=dict)
    """Of the plan, by critic."""


class Auditor(Protocol):
    """Anything that judges a whole plan: deterministic, no side effect. Repair asks it about every candidate."""

    def assess(self, context: GovernanceContext, plan: ExecutionPlan) -> Assessment: ...
