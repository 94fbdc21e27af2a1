"""How far plans traced with defaults by name agree with those traced with listed sources, and how long tracing takes.

    uv run --extra agentdojo python benchmarks/message_tracing.py [--traces FILE]

Every plan of `gatling import agentdojo` is executed again, written down as an OpenAI conversation with the outputs as the
benchmark prints them, and traced with the defaults by name; the import itself lists the suite's tools in a `ToolSources`.
With --traces also compared with plans of that file that hold the same calls, by meta.suite, meta.user_task and
meta.injection_task.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

from gatling.adapters.messages import plan_of_messages
from gatling.bench.agentdojo import BENCHMARK_VERSION, SUITES
from gatling.bench.agentdojo import tasks as dojo
from gatling.provenance.sources import ToolSources
from gatling.schema import ExecutionPlan, Trace, read_traces

COLUMNS = ("nodes", "same tier", "higher", "lower", "tier 3 kept", "edge precision", "edge recall", "same volume")


def conversation(suite: Any, request: str, plan: ExecutionPlan, injections: dict[str, str]) -> list[dict[str, Any]]:
    """Execute a plan's calls in the suite's environment and return what an agent would have seen."""
    from agentdojo.agent_pipeline.tool_execution import tool_result_to_str
    from agentdojo.functions_runtime import FunctionsRuntime

    environment = suite.load_and_inject_default_environment(injections)
    runtime = FunctionsRuntime(suite.tools)
    messages: list[dict[str, Any]] = [{"role": "user", "content": request}]
    for node in plan.nodes:
        function = {"name": node.tool_name, "arguments": json.dumps(node.arguments)}
        calls = [{"id": node.node_id, "type": "function", "function": function}]
        output, error = runtime.run_function(environment, node.tool_name, node.arguments)
        messages.append({"role": "assistant", "content": None, "tool_calls": calls})
        messages.append({"role": "tool", "tool_call_id": node.node_id, "content": error or tool_result_to_str(output)})
    return messages


def injections_of(suite: Any, trace: Trace) -> dict[str, str]:
    """Return what the adapter plants in the environment of a trace."""
    injection_id = (trace.meta or {}).get("injection_task")
    if injection_id is None:
        return {}
    return dojo.injected_texts(suite, dojo.goal_text(suite.get_injection_task_by_id(injection_id)))


def compare(count: Counter[str], theirs: ExecutionPlan, mine: ExecutionPlan) -> None:
    """Add the agreement of two plans of the same calls; nodes are matched by position."""
    for a, b in zip(theirs.nodes, mine.nodes, strict=True):
        count["nodes"] += 1
        count["same tier"] += a.provenance_tier == b.provenance_tier
        count["higher"] += b.provenance_tier > a.provenance_tier
        count["lower"] += b.provenance_tier < a.provenance_tier
        count["same volume"] += a.scope_volume == b.scope_volume
        count["tier 3"] += a.provenance_tier == 3
        count["tier 3 kept"] += a.provenance_tier == b.provenance_tier == 3
    ours, known = edges(mine), edges(theirs)
    count["edges"] += len(known)
    count["edges found"] += len(ours)
    count["edges of both"] += len(ours & known)


def edges(plan: ExecutionPlan) -> set[tuple[int, int]]:
    position = {node.node_id: i for i, node in enumerate(plan.nodes)}
    return {(position[e.source], position[e.target]) for e in plan.edges}


def row(count: Counter[str]) -> list[str]:
    def share(part: str, whole: str) -> str:
        return f"{count[part] / max(1, count[whole]):.3f}"

    return [
        str(count["nodes"]),
        share("same tier", "nodes"),
        str(count["higher"]),
        str(count["lower"]),
        share("tier 3 kept", "tier 3"),
        share("edges of both", "edges found"),
        share("edges of both", "edges"),
        share("same volume", "nodes"),
    ]


def calls(plan: ExecutionPlan) -> list[Any]:
    return [(node.tool_name, node.arguments) for node in plan.nodes]


def main() -> None:
    """Print a table."""
    from agentdojo.task_suite.load_suites import get_suite

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=Path)
    args = parser.parse_args()
    others: dict[Any, list[Trace]] = {}
    for trace in read_traces(args.traces) if args.traces else ():
        meta = trace.meta or {}
        others.setdefault((meta.get("suite"), meta.get("user_task"), meta.get("injection_task")), []).append(trace)
    print("| against | " + " | ".join(COLUMNS) + " |\n" + "| --- |" + " ---: |" * len(COLUMNS))
    seconds, num_chars = 0.0, 0
    for name in SUITES:
        suite = get_suite(BENCHMARK_VERSION, name)
        traces = list(dojo.agentdojo_traces([name]))
        seen = [conversation(suite, t.request or "", t.execution_plan, injections_of(suite, t)) for t in traces]
        for kind, sources in (("defaults", ToolSources()),):
            count: dict[str, Counter[str]] = {"import": Counter(), "file": Counter()}
            for trace, messages in zip(traces, seen, strict=True):
                started = time.perf_counter()
                mine = plan_of_messages(messages, sources=sources)
                seconds += time.perf_counter() - started
                num_chars += sum(len(json.dumps(m)) for m in messages)
                compare(count["import"], trace.execution_plan, mine)
                meta = trace.meta or {}
                for other in others.get((name, meta.get("user_task"), meta.get("injection_task")), ()):
                    if calls(other.execution_plan) == calls(mine):
                        compare(count["file"], other.execution_plan, mine)
                        break
            for against, found in count.items():
                if found:
                    print(f"| {name}, {kind}, {against} | " + " | ".join(row(found)) + " |", flush=True)
    print(f"{num_chars / 1e6:.1f} M characters in {seconds:.1f} s")


if __name__ == "__main__":
    main()
