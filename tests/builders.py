"""Builders of one line, for readable tests."""

from __future__ import annotations

from typing import Any

from gatling.schema import Trace, parse_trace

SMALL = {"latent_dim": 48, "hidden_dim": 32, "num_layers": 2, "num_heads": 4}


def node(tool: str = "read_file", node_id: str = "n1", **fields: Any) -> dict[str, Any]:
    return {"tool_name": tool, "node_id": node_id, **fields}


def plan(*nodes: dict[str, Any], edges: list[Any] | None = None) -> dict[str, Any]:
    return {"nodes": list(nodes) or [node()], "edges": edges or []}


def context(policy: Any = None, role: str = "clerk", **session: Any) -> dict[str, Any]:
    default = {
        "domain": "Files",
        "allowed_operations": ["read_file"],
        "forbidden_operations": ["delete_file"],
    }
    return {"policy": default if policy is None else policy, "user_role": role, "session_context": session}


def record(label: str = "compliant", *, request: str = "Read it.", **fields: Any) -> dict[str, Any]:
    base = {
        "governance_context": context(user_request=request),
        "execution_plan": plan(node(arguments={"path": request})),
        "label": label,
    }
    return {**base, **fields}


def many_traces(count: int, *, violations: bool = True) -> list[Trace]:
    """Distinct contexts with a compliant plan each, and a violation for every other one."""
    out = []
    for i in range(count):
        request = f"Read report number {i} of project {'abcdefgh'[i % 8]}{i * 37}."
        fields = {"id": f"t{i}", "source": "odd" if i % 2 else "even"}
        out.append(parse_trace(record(request=request, **fields)))
        if violations and i % 2 == 0:
            bad = record("violation", request=request, violation_type="deletion", **fields)
            bad["execution_plan"] = plan(
                node(arguments={"path": request}),
                node("delete_file", "n2", provenance_tier=3),
                edges=[["n1", "n2"]],
            )
            bad["violating_nodes"] = ["n2"]
            out.append(parse_trace(bad))
    return out
