"""Repair of mutants: how many plans can be repaired, by how many edits, and how much of the gold plan survives.

    uv run python benchmarks/repairs.py held_out/corrupted/unseen_domains --limit 1500

The input was written by `gatling corrupt --keep-input`: each mutant stands after the compliant trace that it was made from. Only
mutants count that the guard does not allow. Functional intent similarity compares the repaired plan with the gold plan; beside
it stands that of the mutant as it is. Every repaired plan is audited again, by the oracle and by another guard.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from gatling.guard import Guard
from gatling.policy import Oracle, recognise
from gatling.repair import functional_intent_similarity
from gatling.schema import read_traces
from gatling.schema.files import trace_files


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path)
    parser.add_argument("--limit", type=int, default=1_500)
    parser.add_argument("--repair-ms", type=float, default=50.0)
    options = parser.parse_args()
    guard, second = (Guard.from_pretrained(deadline_ms=None, is_strict_policy=False) for _ in range(2))
    guard.repair_ms = options.repair_ms
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    gold = None
    for trace in islice((t for file in trace_files(options.traces) for t in read_traces(file)), options.limit):
        if trace.is_compliant:
            gold = trace
            continue
        decision = guard.repair(trace.governance_context, trace.execution_plan)
        if decision.is_allowed or gold is None:
            continue
        row: dict[str, Any] = {"repaired": decision.repaired is not None, "ms": decision.latency_ms}
        if decision.repaired is not None:
            oracle = Oracle(recognise(trace.governance_context.policy, strict=False))
            row["violations"] = len(oracle.judge(trace.governance_context, decision.repaired).violations)
            row["refused"] = not second.audit(trace.governance_context, decision.repaired).is_allowed
            row["edits"] = len(decision.edits)
            row["intent"] = functional_intent_similarity(gold.execution_plan, decision.repaired)
            row["before"] = functional_intent_similarity(gold.execution_plan, trace.execution_plan)
        rows[trace.violation_type or ""].append(row)
    print(
        "| mutation | not allowed | repaired | edits | FIS before | FIS after | FIS >= 0.9 | violations left | p50 / p99 ms |"
    )
    print("| --- |" + " ---: |" * 8)
    for name in [*sorted(rows), "all"]:
        chosen = [r for n, some in rows.items() if name in (n, "all") for r in some]
        done = [r for r in chosen if r["repaired"]]
        p50, p99 = np.percentile([r["ms"] for r in chosen], [50, 99])
        cells = [
            str(len(chosen)),
            f"{len(done) / len(chosen):.2f}",
            *(f"{np.mean([r[key] for r in done]):.2f}" if done else "-" for key in ("edits", "before", "intent")),
            f"{np.mean([r['intent'] >= 0.9 for r in done]):.2f}" if done else "-",
            str(sum(r["violations"] + r["refused"] for r in done)),
            f"{p50:.0f} / {p99:.0f}",
        ]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
