"""One trace as a page of text: request, policy, calls, and what is wrong with them."""

from __future__ import annotations

import json
from typing import Any

import yaml
from rich.markup import escape

from gatling.cli.console import print_line
from gatling.schema import Trace

MAX_POLICY_LINES = 24
MAX_VALUE_CHARS = 100
_TIERS = {1: "internal", 2: "partner", 3: "untrusted"}


def print_trace(number: int, trace: Trace) -> None:
    """Print one trace."""
    bad = not trace.is_compliant
    verdict = f"[red]violation[/] ({escape(trace.violation_type or 'no type')})" if bad else "[green]compliant[/]"
    print_line(f"[bold]{number}. {escape(trace.id or '')}[/] {verdict}")
    context = trace.governance_context
    session = {k: v for k, v in context.session_context.items() if k != "user_request"}
    print_line(f"  role     {escape(context.user_role)}   [dim]{escape(_short(session, 160))}[/]")
    request = context.session_context.get("user_request", trace.request)
    if isinstance(request, str):
        print_line("  request  " + escape(request.strip().replace("\n", "\n           ")))
    lines = yaml.safe_dump(context.policy, sort_keys=False, allow_unicode=True, width=110).splitlines()
    print_line("  policy")
    for line in lines[:MAX_POLICY_LINES]:
        print_line(f"    [dim]{escape(line)}[/]")
    if len(lines) > MAX_POLICY_LINES:
        print_line(f"    [dim]... {len(lines) - MAX_POLICY_LINES} more lines (--json prints all)[/]")
    print_line("  plan")
    parents: dict[str, list[str]] = {}
    for edge in trace.execution_plan.edges:
        parents.setdefault(edge.target, []).append(edge.source)
    for node in trace.execution_plan.nodes:
        mark = "[red]x[/]" if node.node_id in trace.violating_nodes else " "
        arguments = ", ".join(f"{k}={_short(v, MAX_VALUE_CHARS)}" for k, v in node.arguments.items())
        source = f" [dim]<- {escape(', '.join(parents[node.node_id]))}[/]" if node.node_id in parents else ""
        facts = f"{_TIERS[node.provenance_tier]}, volume {node.scope_volume}, sensitivity {node.scope_sensitivity}"
        print_line(
            f"  {mark} {escape(node.node_id)}  {escape(node.tool_name)}({escape(arguments)})  [dim]{facts}[/]{source}"
        )
    for reason in (trace.meta or {}).get("broken", ()) if bad else ():
        print_line(f"    [red]{escape(str(reason))}[/]")
    print_line("")


def _short(value: Any, most: int) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= most else text[: most - 3] + "..."
