"""What is written down of a decision: codes, clauses and digests; no energies, no values."""

from __future__ import annotations

from typing import Any

from gatling.guard.decision import Decision
from gatling.guard.log.masks import Masks, shown_name
from gatling.schema import PlanNode

MAX_TOOLS = 100
"""Names of tools of one plan that are written down."""


def entry_of_decision(
    session: str, node: PlanNode, decision: Decision, masks: Masks, *, question: str | None = None
) -> dict[str, Any]:
    """Return the entry of a decision.

    | field | |
    | --- | --- |
    | `session`, `call_id`, `node_id`, `tool`, `tier` | which call |
    | `arguments` | masked: kind and keyed digest of each value |
    | `call`, `plan` | keyed digests of tool and arguments, and of all calls so far |
    | `policy`, `model` | digests of what was judged by |
    | `verdict`, `reasons`, `retryable` | the decision, reasons as code, source, argument and clause |
    | `mode`, `may_run` | whether the call may run all the same |
    | `approval`, `pending` | whose word let it pass, or under which id it waits for one |
    | `latency_ms` | what the judging took |
    | `question` | keyed digest of what the guard was asked, where that is kept |

    Args:
        question: the digest.
    """
    return {
        "event": "decision",
        "session": shown_name(session),
        "call_id": shown_name(decision.call_id),
        "node_id": node.node_id,
        "tool": shown_name(node.tool_name),
        "tier": node.provenance_tier,
        "arguments": masks.arguments(node.arguments),
        "call": masks.digest(decision.call_digest),
        "plan": masks.digest(decision.plan_digest) if decision.plan_digest else "",
        "policy": decision.policy_digest,
        "model": decision.model_digest,
        "verdict": decision.verdict,
        "reasons": _reasons(decision),
        "retryable": decision.retryable,
        "mode": decision.mode,
        "may_run": decision.is_allowed,
        "approval": None if decision.approval is None else decision.approval.to_dict(),
        "pending": decision.pending or None,
        "latency_ms": round(decision.latency_ms, 1),
        "question": question,
    }


def entry_of_plan(role: str, plan: Any, decision: Decision, masks: Masks) -> dict[str, Any]:
    """Return the entry of a decision on a whole plan, which belongs to no session.

    Args:
        plan: as it was given, which may be none.
    """
    nodes = plan.get("nodes") if isinstance(plan, dict) else None
    calls = [node for node in nodes if isinstance(node, dict)] if isinstance(nodes, list) else []
    return {
        "event": "plan",
        "role": shown_name(role),
        "tools": [shown_name(str(node.get("tool_name", ""))) for node in calls[:MAX_TOOLS]],
        "num_calls": len(calls),
        "plan": masks.digest(decision.plan_digest) if decision.plan_digest else "",
        "policy": decision.policy_digest,
        "model": decision.model_digest,
        "verdict": decision.verdict,
        "reasons": _reasons(decision),
        "retryable": decision.retryable,
        "mode": decision.mode,
        "may_run": decision.is_allowed,
        "latency_ms": round(decision.latency_ms, 1),
    }


def entry_of_unjudged(session: str, decision: Decision) -> dict[str, Any]:
    """Return the entry of the denial of a call that could not be taken: it has no arguments that anybody could read."""
    return {
        "event": "unjudged",
        "session": shown_name(session),
        "call_id": shown_name(decision.call_id),
        "tool": shown_name(decision.tool_name),
        "verdict": decision.verdict,
        "reasons": _reasons(decision),
    }


def _reasons(decision: Decision) -> list[dict[str, Any]]:
    """Return the reasons in an order that does not tell which one weighed most."""
    reasons = [
        {
            "code": str(reason.code),
            "source": str(reason.source),
            "argument": None if reason.argument is None else shown_name(reason.argument),
            "clause": reason.clause,
        }
        for reason in decision.reasons
    ]
    return sorted(reasons, key=lambda r: tuple(str(r[name] or "") for name in ("code", "argument", "clause", "source")))
