"""Messages (in the form of OpenAI's chat), plans and traces in one line each."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from gatling.schema import ExecutionPlan, GovernanceContext, PlanNode, Trace, parse_context, parse_plan, parse_trace
from gatling.schema.trace import Label


def user(text: str) -> dict[str, Any]:
    """A request."""
    return {"role": "user", "content": text}


def assistant(*parts: str | dict[str, Any]) -> dict[str, Any]:
    """An answer of the model: texts, and calls made by `tool_call`."""
    calls = [part for part in parts if isinstance(part, dict)]
    text = "\n".join(part for part in parts if isinstance(part, str))
    return {"role": "assistant", "content": text or None, **({"tool_calls": calls} if calls else {})}


def tool_call(tool_name: str, call_id: str = "c1", /, **arguments: Any) -> dict[str, Any]:
    """A call, for `assistant`."""
    function = {"name": tool_name, "arguments": json.dumps(arguments)}
    return {"id": call_id, "type": "function", "function": function}


def tool_result(content: Any, call_id: str = "c1", /) -> dict[str, Any]:
    """What a call returned: text, or data that is written as JSON."""
    text = content if isinstance(content, str) else json.dumps(content)
    return {"role": "tool", "tool_call_id": call_id, "content": text}


def node(
    tool_name: str,
    node_id: str = "n1",
    arguments: dict[str, Any] | None = None,
    *,
    provenance_tier: int = 1,
    **fields: Any,
) -> PlanNode:
    """A call of a plan; fully trusted, unless said otherwise."""
    given = {
        "tool_name": tool_name,
        "node_id": node_id,
        "arguments": arguments or {},
        "provenance_tier": provenance_tier,
    }
    return parse_plan({"nodes": [{**given, **fields}]}).nodes[0]


def plan(*nodes: PlanNode, edges: Iterable[tuple[str, str]] = ()) -> ExecutionPlan:
    """A plan."""
    return parse_plan({"nodes": nodes, "edges": list(edges)})


def context(policy: dict[str, Any], *, role: str = "clerk", request: str = "", **session: Any) -> GovernanceContext:
    """A governance context."""
    session = {**session, **({"user_request": request} if request else {})}
    return parse_context({"policy": policy, "user_role": role, "session_context": session})


def trace(
    context: GovernanceContext,
    *nodes: PlanNode,
    edges: Iterable[tuple[str, str]] = (),
    label: Label = "compliant",
    **fields: Any,
) -> Trace:
    """A trace: a context, calls, and whether they are compliant."""
    made = {"governance_context": context, "execution_plan": plan(*nodes, edges=edges), "label": label}
    return parse_trace({**made, **fields})
