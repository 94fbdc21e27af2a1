"""`gatling show`: traces for people. One pass over the file, a sample kept."""

from __future__ import annotations

import json
import random
from itertools import chain
from typing import TYPE_CHECKING, Any

import yaml
from rich.markup import escape

from gatling.cli.console import out
from gatling.errors import ConfigError
from gatling.schema import Trace, read_traces
from gatling.schema.files import trace_files

if TYPE_CHECKING:
    from gatling.cli.commands import Show

MAX_POLICY_LINES = 24
MAX_VALUE_CHARS = 100
_TIERS = {1: "internal", 2: "partner", 3: "untrusted"}


def run_show(command: Show) -> int:
    """Print a sample of a file's traces, in the order of the file."""
    if command.sample < 1:
        raise ConfigError(f"--sample is {command.sample}, it must be at least 1")
    rng = random.Random(command.seed)
    kept: list[tuple[int, Trace]] = []
    seen = 0
    traces = chain.from_iterable(read_traces(path) for path in trace_files(command.file))
    for number, trace in enumerate(traces, start=1):
        if command.label is not None and trace.label != command.label:
            continue
        seen += 1
        if len(kept) < command.sample:
            kept.append((number, trace))
        elif (place := rng.randrange(seen)) < command.sample:
            kept[place] = (number, trace)
    for number, trace in sorted(kept, key=lambda pair: pair[0]):
        if command.json:
            print(json.dumps(trace.to_dict(), ensure_ascii=False))
        else:
            show(number, trace)
    if not command.json:
        print(f"{len(kept)} of {seen} traces")
    return 0


def show(number: int, trace: Trace) -> None:
    """Print one trace."""
    bad = not trace.is_compliant
    verdict = f"[red]violation[/] ({escape(trace.violation_type or 'no type')})" if bad else "[green]compliant[/]"
    _line(f"[bold]{number}. {escape(trace.id or '')}[/] {verdict}")
    context = trace.governance_context
    session = {k: v for k, v in context.session_context.items() if k != "user_request"}
    _line(f"  role     {escape(context.user_role)}   [dim]{escape(_short(session, 160))}[/]")
    request = context.session_context.get("user_request", trace.request)
    if isinstance(request, str):
        _line("  request  " + escape(request.strip().replace("\n", "\n           ")))
    lines = yaml.safe_dump(context.policy, sort_keys=False, allow_unicode=True, width=110).splitlines()
    _line("  policy")
    for line in lines[:MAX_POLICY_LINES]:
        _line(f"    [dim]{escape(line)}[/]")
    if len(lines) > MAX_POLICY_LINES:
        _line(f"    [dim]... {len(lines) - MAX_POLICY_LINES} more lines (--json prints all)[/]")
    _line("  plan")
    parents: dict[str, list[str]] = {}
    for edge in trace.execution_plan.edges:
        parents.setdefault(edge.target, []).append(edge.source)
    for node in trace.execution_plan.nodes:
        mark = "[red]x[/]" if node.node_id in trace.violating_nodes else " "
        arguments = ", ".join(f"{k}={_short(v, MAX_VALUE_CHARS)}" for k, v in node.arguments.items())
        source = f" [dim]<- {escape(', '.join(parents[node.node_id]))}[/]" if node.node_id in parents else ""
        facts = f"{_TIERS[node.provenance_tier]}, volume {node.scope_volume}, sensitivity {node.scope_sensitivity}"
        _line(
            f"  {mark} {escape(node.node_id)}  {escape(node.tool_name)}({escape(arguments)})  [dim]{facts}[/]{source}"
        )
    for reason in (trace.meta or {}).get("broken", ()) if bad else ():
        _line(f"    [red]{escape(str(reason))}[/]")
    _line("")


def _short(value: Any, most: int) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= most else text[: most - 3] + "..."


def _line(text: str) -> None:
    out.print(text, highlight=False, soft_wrap=True)
