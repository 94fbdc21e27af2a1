"""The whole guard, oracle and critics, on traces it was not trained on: verdicts by kind of violation, and who gave them.

uv run python benchmarks/verdicts.py held_out/corrupted/unseen_domains --limit 3000
"""

from __future__ import annotations

import argparse
from collections import Counter
from itertools import islice
from pathlib import Path

from gatling.energy.finding import Source
from gatling.evaluation.intervals import clopper_pearson
from gatling.guard import Guard
from gatling.schema import read_traces
from gatling.schema.files import trace_files


def shown(count: int, total: int) -> str:
    low, high = clopper_pearson(count, total)
    return f"{count / total:.3f} ({low:.3f} to {high:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--limit", type=int, default=3_000)
    options = parser.parse_args()
    guard = Guard.from_pretrained(options.model, deadline_ms=None, is_strict_policy=False)
    count: Counter[tuple[str, str]] = Counter()
    for trace in islice((t for file in trace_files(options.traces) for t in read_traces(file)), options.limit):
        decision = guard.audit(trace.governance_context, trace.execution_plan)
        kind = "compliant" if trace.is_compliant else trace.violation_type or "violation"
        count[kind, "all"] += 1
        count[kind, decision.verdict] += 1
        count[kind, "not allowed"] += decision.verdict != "allow"
        assert decision.assessment is not None
        worst = max(decision.assessment.node_energy.values())
        count[kind, "critics alone"] += worst >= guard.escalate_from
        count[kind, "oracle alone"] += any(
            r.source is Source.ORACLE and r.energy == float("inf") for r in decision.reasons
        )
    columns = ("deny", "not allowed", "oracle alone", "critics alone")
    print("| kind | traces | denied | denied or escalated | oracle alone denies | critics alone escalate or deny |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for kind in sorted({k for k, _ in count}):
        total = count[kind, "all"]
        print(f"| {kind} | {total} | " + " | ".join(shown(count[kind, c], total) for c in columns) + " |")


if __name__ == "__main__":
    main()
