"""What the guard answers: a verdict with reasons, and where it is no, perhaps a plan that is yes.

An energy tells an attacker how close a try came, so neither durable logs nor agents see one: they get reason codes and
bands. `Decision.to_dict()` is that form, and `Decision.text_for_agent` what an agent reads; both without what looks like
a secret. The objects themselves hold the energies for people who look into a model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NoReturn

from pydantic import ValidationError

from gatling.energy import Assessment, Code, Finding, Source, Verdict
from gatling.errors import GatlingError, InputError
from gatling.guard.approval import Approval
from gatling.guard.feedback import text_for_agent
from gatling.guard.secrets import is_secret_name, mask_data, mask_quoted, mask_text
from gatling.schema import ExecutionPlan

Mode = Literal["enforce", "warn", "shadow"]
"""`enforce`: a call that is not allowed does not run. `warn`: it runs, and the agent is told. `shadow`: it runs, and only log and
callbacks know."""


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
    tool_name: str = ""
    """The tool of the call, where a session judged one."""
    call_digest: str = ""
    """Of tool and arguments, where a session judged a call."""
    call_id: str = ""
    """Under which the session takes the result: that of the conversation, or one that the session has made."""
    mode: Mode = "enforce"
    approval: Approval | None = None
    """Whose word let an escalated call pass; its reasons are kept."""
    pending: str = ""
    """The id under which the call waits for somebody's word (`Session.approve`); empty if it does not."""
    repaired_arguments: dict[str, Any] | None = field(default=None, repr=False)
    """Arguments with which the same guard allows the call, where a session looked for some."""
    arguments: dict[str, Any] | None = field(default=None, repr=False)
    """What the call runs with in place of its own arguments, as a person chose the repaired ones; else None."""

    @property
    def is_allowed(self) -> bool:
        """Whether the call may run: the verdict is `allow`, or is not enforced."""
        return self.verdict == "allow" or self.mode != "enforce"

    @property
    def text_for_agent(self) -> str:
        """What the agent is told: why, and what would pass; empty for what is allowed, and in shadow mode."""
        if self.mode == "shadow":
            return ""
        is_warning = self.mode == "warn"
        return text_for_agent(
            self.tool_name, self.verdict, self.reasons, is_retryable=self.retryable, has_run=is_warning
        )

    def __bool__(self) -> NoReturn:
        """A decision is no truth value: `if guard.audit(...)` would let everything through."""
        raise TypeError("a Decision is neither true nor false: use decision.is_allowed")

    def to_dict(self) -> dict[str, Any]:
        """Return what may be shown: codes and bands, no energies, and `[secret]` for what looks like one."""
        return {
            "verdict": self.verdict,
            "reasons": [_reason(r) for r in self.reasons],
            "retryable": self.retryable,
            "repaired": None
            if self.repaired is None
            else mask_data(self.repaired.model_dump(mode="json", exclude_unset=True)),
            "edits": [mask_text(edit) for edit in self.edits],
            "plan_digest": self.plan_digest,
            "policy_digest": self.policy_digest,
            "model_digest": self.model_digest,
            "latency_ms": round(self.latency_ms, 1),
        }


def shown_reason(reason: Finding) -> str:
    """Return a reason in words, without what looks like a secret."""
    return str(replace(reason, found=_found(reason), wanted=mask_text(reason.wanted)))


def _found(reason: Finding) -> str:
    key = (reason.argument or "").rpartition(".")[2]
    return mask_quoted(reason.found) if is_secret_name(key) else mask_text(reason.found)


def _reason(reason: Finding) -> dict[str, Any]:
    return {
        "code": str(reason.code),
        "source": str(reason.source),
        "node_id": reason.node_id,
        "argument": reason.argument,
        "clause": reason.clause,
        "found": _found(reason),
        "wanted": mask_text(reason.wanted),
        "band": band(reason.energy),
    }


def denial(
    reason: str,
    *,
    code: Code = Code.FAULT,
    wanted: str = "a plan that can be judged",
    argument: str | None = None,
    model_digest: str = "",
    latency_ms: float = 0.0,
) -> Decision:
    """Return a denial by the guard itself: by default, that something kept it from judging."""
    finding = Finding(Source.GUARD, code, None, argument, None, reason, wanted, math.inf)
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
