"""How often a policy that is not read in full stops honest conversations: findings `undecided` of the oracle, by their reason.

    uv run python benchmarks/undecided.py FILE.jsonl.gz [FILE ...] [--limit 250] [--show 20]

Each call is judged before it runs, as in `conversations.py`. Printed by file: honest conversations, those in which the oracle
leaves some call undecided, those in which nothing but that stops a call, calls so stopped, and the commonest reasons.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

from gatling.adapters import ConversationTracer
from gatling.energy import Code
from gatling.guard import Guard
from gatling.schema import ExecutionPlan


def open_reasons(guard: Guard, record: dict[str, Any]) -> tuple[list[list[str]], int, int]:
    """Replay a conversation. Returns: for every call stopped as undecided why; how many by that alone; how many allowed."""
    tracer = ConversationTracer()
    stopped: list[list[str]] = []
    alone = allowed = 0
    for message in record["messages"]:
        for node in tracer.feed(message):
            plan = tracer.plan()
            at = [n.node_id for n in plan.nodes].index(node.node_id)
            known = {n.node_id for n in plan.nodes[: at + 1]}
            edges = tuple(e for e in plan.edges if {e.source, e.target} <= known)
            so_far = ExecutionPlan(nodes=plan.nodes[: at + 1], edges=edges)
            decision = guard.audit_pending(record["governance_context"], so_far, node)
            allowed += decision.is_allowed
            undecided = [f for f in decision.reasons if f.code is Code.UNDECIDED]
            if undecided:
                stopped.append([f"{node.tool_name}: {f.clause or ''} {f.found}" for f in undecided])
                alone += len(undecided) == len(decision.reasons)
    return stopped, alone, allowed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--show", type=int, default=20)
    parser.add_argument("--strict", action="store_true", help="read the policies as at run time")
    parser.add_argument("--label", default="compliant")
    options = parser.parse_args()
    guard = Guard.from_pretrained(deadline_ms=None, is_strict_policy=options.strict)
    for file in options.files:
        with gzip.open(file, "rt") as stream:
            records = [json.loads(line) for line in stream]
        records = [record for record in records if record["label"] == options.label]
        if 0 < options.limit < len(records):
            records = [records[i * len(records) // options.limit] for i in range(options.limit)]
        reasons: Counter[str] = Counter()
        conversations = only = calls = allowed = 0
        for record in records:
            stopped, alone, passed = open_reasons(guard, record)
            conversations += bool(stopped)
            only += bool(alone)
            calls += len(stopped)
            allowed += passed
            reasons.update(reason for found in stopped for reason in found)
        print(
            f"{file.name}: {len(records)} {options.label}; undecided in {conversations}, by that alone in {only}; "
            f"{calls} calls undecided, {allowed} allowed",
            flush=True,
        )
        for reason, count in reasons.most_common(options.show):
            print(f"  {count:5d} {reason}")


if __name__ == "__main__":
    main()
