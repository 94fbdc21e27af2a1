"""A decision as plain data, for those who keep a conversation and go on with it in another process.

It holds the values that reasons name, so it is kept where the conversation is kept, and nowhere else; what people and agents are
shown is `Decision.to_dict()`. Energies are not kept: a reason comes back with the lower end of its band.
"""

from __future__ import annotations

import math
from typing import Any, get_args

from gatling.energy import Code, Finding, Verdict
from gatling.errors import InputError
from gatling.guard.approval import Approval
from gatling.guard.decision import Decision, Mode, band

_LEAST = {"final": math.inf, "alarm": 1.0, "doubt": 0.5}
_SAME = (
    "verdict", "retryable", "plan_digest", "policy_digest", "model_digest", "latency_ms", "tool_name", "call_digest", "call_id",
    "mode", "pending", "repaired_arguments", "arguments",
)  # fmt: skip


def record_of(decision: Decision) -> dict[str, Any]:
    """Return all of a session's decision but its energies and the repaired plan."""
    word = decision.approval
    return {
        **{name: getattr(decision, name) for name in _SAME},
        "reasons": [
            {
                "source": str(reason.source),
                "code": str(reason.code),
                "node_id": reason.node_id,
                "argument": reason.argument,
                "clause": reason.clause,
                "found": reason.found,
                "wanted": reason.wanted,
                "band": band(reason.energy),
            }
            for reason in decision.reasons
        ],
        "edits": list(decision.edits),
        "approval": None if word is None else {**word.to_dict(), "is_approved": word.is_approved},
    }


def decision_of(record: dict[str, Any]) -> Decision:
    """Return the decision that a record is of. Raises: InputError if it is none."""
    try:
        if record["verdict"] not in get_args(Verdict) or record["mode"] not in get_args(Mode):
            raise ValueError(f"verdict {record['verdict']!r}, mode {record['mode']!r}")
        reasons = tuple(
            Finding(
                source=reason["source"],
                code=Code(reason["code"]),
                node_id=reason["node_id"],
                argument=reason["argument"],
                clause=reason["clause"],
                found=reason["found"],
                wanted=reason["wanted"],
                energy=_LEAST[reason["band"]],
            )
            for reason in record["reasons"]
        )
        word = record["approval"]
        return Decision(
            **{name: record[name] for name in _SAME},
            reasons=reasons,
            edits=tuple(record["edits"]),
            approval=None if word is None else Approval(**word),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"no record of a decision: {type(error).__name__}: {error}") from None
