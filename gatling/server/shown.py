"""What clients are shown: decisions and sessions as the models of `gatling.server.bodies` have them."""

from __future__ import annotations

from typing import Any

from gatling.guard import Decision
from gatling.guard.record import decision_of
from gatling.guard.secrets import mask_data
from gatling.server.store import Entry, Record


def shown_call(decision: Decision) -> dict[str, Any]:
    """Return a decision on a call (`DecisionShown`)."""
    data = decision.to_dict()
    del data["repaired"]
    word = decision.approval
    return {
        **data,
        "tool_name": decision.tool_name,
        "call_id": decision.call_id,
        "may_run": decision.is_allowed,
        "mode": decision.mode,
        "text_for_agent": decision.text_for_agent,
        "pending": decision.pending or None,
        "approval": None if word is None else word.to_dict(),
        "repaired_arguments": decision.repaired_arguments,
    }


def shown_plan(decision: Decision) -> dict[str, Any]:
    """Return a decision on a plan (`PlanDecisionShown`)."""
    return {**decision.to_dict(), "may_run": decision.is_allowed}


def shown_session(record: Record, mode: str, stopped: str) -> dict[str, Any]:
    """Return how a session was begun (`SessionShown`)."""
    return {
        "id": record.id,
        "policy": record.settings["policy"],
        "role": record.settings["role"],
        "mode": mode,
        "created_at": record.created_at,
        "touched_at": record.touched_at,
        "stopped": stopped or None,
    }


def shown_entry(entry: Entry) -> dict[str, Any]:
    """Return what a session was told (`EntryShown`)."""
    return {
        "number": entry.number,
        "kind": entry.kind,
        "at": entry.at,
        "data": mask_data(entry.data),
        "decisions": [shown_call(decision_of(record)) for record in entry.decisions],
    }
