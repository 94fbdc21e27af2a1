"""Past decisions asked again: what would a new policy or model have decided?

Only decisions whose questions were kept can be asked again (`AuditLog(keeps_questions=True)`), and of those only what the guard
decided: a stop, a used-up limit or a person's no is nothing that a policy changes. What a person approved counts as what it was
before, an escalation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gatling.energy import Code
from gatling.guard.asking import CallJudge, judge_call
from gatling.guard.log.chain import LogKey
from gatling.guard.log.masks import Masks
from gatling.guard.log.questions import read_questions
from gatling.guard.log.verify import read_entries
from gatling.policy import PolicySource

_BY_THE_SESSION = {str(code) for code in (Code.STOPPED, Code.BUDGET, Code.LOOP, Code.REFUSED)}


@dataclass(frozen=True, slots=True)
class Changed:
    """A decision that would be another one."""

    seq: int
    time: str
    session: str
    tool: str
    before: str
    """The verdict in the log."""
    after: str
    reasons: tuple[str, ...]
    """Of the new verdict: codes with clauses, or of the old one where the new one is `allow`."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "seq": self.seq,
            "time": self.time,
            "session": self.session,
            "tool": self.tool,
            "before": self.before,
            "after": self.after,
            "reasons": list(self.reasons),
        }


@dataclass(slots=True)
class Replay:
    """What came of asking again; counts are complete when all changes were taken."""

    num_same: int = 0
    num_not_kept: int = 0
    """Decisions whose question is not there any more, or never was."""
    num_by_the_session: int = 0
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By verdict before and after."""


def replay_log(
    folder: str | Path,
    guard: CallJudge,
    *,
    policy: PolicySource | None = None,
    key: LogKey | None = None,
    outcome: Replay,
) -> Iterator[Changed]:
    """Yield the decisions of a log that would be others.

    Args:
        guard: with the new model, or the old one; one without a deadline answers the same on any machine.
        policy: the new policy; by default that of each decision.
        outcome: is filled with the counts.

    Raises:
        LogError: if the log is not what was written.
        InputError: if a question or its policy cannot be read, or the guard does not take the new policy.
    """
    folder = Path(folder)
    key = key if key is not None else LogKey.read(folder / "key")
    if policy is not None:
        guard.know_policy(policy)
    waiting: dict[str, list[dict[str, Any]]] = {}
    for entry in read_entries(folder, key):
        if entry.get("event") != "decision":
            continue
        if any(reason["code"] in _BY_THE_SESSION for reason in entry["reasons"]):
            outcome.num_by_the_session += 1
        elif entry["question"] is None:
            outcome.num_not_kept += 1
        else:
            waiting.setdefault(entry["question"], []).append(entry)
    for digest, kept in read_questions(folder, Masks(key.secret), set(waiting)):
        entries = waiting.pop(digest, None)
        if entries is None:
            continue  # the same question, kept twice
        context = kept.context
        if policy is not None:
            context = context.model_copy(update={"policy": policy.data})
        decision = judge_call(guard, lambda c=context, p=kept.plan: (c, p), kept.node)  # type: ignore[misc]
        for entry in entries:
            before = "escalate" if entry["approval"] and entry["verdict"] == "allow" else entry["verdict"]
            if before == decision.verdict:
                outcome.num_same += 1
                continue
            outcome.changes[before, decision.verdict] += 1
            reasons = [_shown(str(r.code), r.clause) for r in decision.reasons]
            reasons = reasons or [_shown(r["code"], r["clause"]) for r in entry["reasons"]]
            yield Changed(
                entry["seq"],
                entry["time"],
                entry["session"],
                entry["tool"],
                before,
                decision.verdict,
                tuple(dict.fromkeys(reasons)),
            )
    outcome.num_not_kept += sum(map(len, waiting.values()))


def _shown(code: str, clause: str | None) -> str:
    return f"{code} ({clause})" if clause else code
