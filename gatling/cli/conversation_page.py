"""A recorded conversation for people: each call with its verdict and why, its energies, and where its values stood."""

from __future__ import annotations

import json
from typing import Any

from gatling.adapters import Conversation
from gatling.guard import Guard
from gatling.guard.replay import ReplayedCall
from gatling.schema import GovernanceContext
from gatling.schema.plain import shown

_SHOWN_CHARS = 300
_PASSAGE_CHARS = 120
_SHOWN_PASSAGES = 3


def print_head(record: Conversation, context: GovernanceContext) -> None:
    """Print which conversation it is and what was asked."""
    from gatling.cli.console import print_line

    request = context.session_context.get("user_request")
    said = next((m.get("content") for m in record.messages if isinstance(m, dict) and m.get("role") == "user"), None)
    print_line(f"[bold]{_safe(record.id)}[/]  {_safe(context.user_role)}: {_safe(request or said or '')}")


def print_call(guard: Guard, call: ReplayedCall) -> None:
    """Print a call with its verdict, reasons, origins and energies."""
    from gatling.cli.console import print_line
    from gatling.cli.decision import print_decision
    from gatling.cli.energies import print_energies

    arguments = json.dumps(call.node.arguments, ensure_ascii=False)
    name = f" ({_safe(call.call_id)})" if call.call_id else ""
    print_line(f"\n[bold]{_safe(call.node.node_id)}[/]{name}  {_safe(call.node.tool_name)} {_safe(arguments)}")
    for line in passage_lines(call):
        print_line(f"  {_safe(line)}")
    print_decision(call.plan, call.decision, as_json=False)
    rows = _explained(guard, call)
    if rows:
        print_energies(rows)


def call_record(guard: Guard, call: ReplayedCall) -> dict[str, Any]:
    """Return the same as plain data."""
    rows = _explained(guard, call)
    return {
        "call_id": call.call_id,
        "tool_name": call.node.tool_name,
        "verdict": call.decision.verdict,
        "reasons": call.decision.to_dict()["reasons"],
        "energy": rows[0]["energy"] if rows else {},
        "facts": rows[0]["facts"] if rows else {},
        "values": [{"argument": o.argument, "tier": o.tier, "source": o.source} for o in call.origins],
        "origins": [o.model_dump(mode="json", exclude_defaults=True) for o in call.node.origins or ()],
    }


def passage_lines(call: ReplayedCall) -> list[str]:
    """Return, a line each, where the values of a call first stood, and the passages that it can have come from."""
    tools = {node.node_id: node.tool_name for node in call.plan.nodes}
    passages = [
        f"passage of {origin.source or 'an unknown call'}, tier {origin.tier}"
        + (", hidden" if origin.is_hidden else "")
        + "".join(f", {name} {value}" for name, value in list(origin.header.items())[:2])
        + f": {shown(origin.text, _PASSAGE_CHARS)}"
        for origin in (call.node.origins or ())[:_SHOWN_PASSAGES]
    ]
    return [
        f"{origin.argument}: tier {origin.tier}, "
        + (f"stands in {origin.source} {tools[origin.source]}" if origin.source else "stands in a message")
        for origin in call.origins
    ] + passages


def _explained(guard: Guard, call: ReplayedCall) -> list[dict[str, Any]]:
    """Return the row of the call; none where it could not be judged."""
    return [] if call.decision.assessment is None else guard.explain(call.context, call.plan)[-1:]


def _safe(text: object) -> str:
    from rich.markup import escape

    shown = str(text)
    return escape(shown if len(shown) <= _SHOWN_CHARS else shown[: _SHOWN_CHARS - 3] + "...")
