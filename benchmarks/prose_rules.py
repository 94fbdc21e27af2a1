"""Prose rules that speak of facts and records: how well they are held by what is read of them.

    uv run python benchmarks/prose_rules.py mind2web_sc.jsonl.gz tau_retail.jsonl.gz

For each file what the oracle says by the sentences of the policy alone, without a model: a plan is stopped if a check of prose is
broken, or left open. `--guard` asks the whole guard, whose critics stop plans for reasons of their own.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import torch

from gatling import Guard
from gatling.evaluation.separation import auroc
from gatling.policy import Oracle, recognise
from gatling.schema import Trace, read_traces


def by_guard() -> Callable[[Trace], bool]:
    guard = Guard.from_pretrained(deadline_ms=None, precision="fp64", is_strict_policy=False)
    return lambda trace: guard.audit(trace.governance_context, trace.execution_plan).verdict != "allow"


def by_rules() -> Callable[[Trace], bool]:
    known: dict[str, Oracle] = {}

    def is_stopped(trace: Trace) -> bool:
        context = trace.governance_context
        name = str(context.policy.get("policy_id"))
        if name not in known:
            known[name] = Oracle(recognise(context.policy, strict=False))
        judgement = known[name].judge(context, trace.execution_plan)
        open_ = (u.clause is not None and u.clause.dialect == "prose" for u in judgement.undecided)
        return bool(judgement.violations) or any(open_)

    return is_stopped


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--guard", action="store_true")
    args = parser.parse_args()
    is_stopped = by_guard() if args.guard else by_rules()
    rows, by_rule = [], []
    for file in args.files:
        name = file.name.partition(".")[0]
        stopped, labels = [], []
        broken: dict[str, list[bool]] = defaultdict(list)
        for trace in read_traces(file):
            labels.append(trace.label == "violation")
            stopped.append(is_stopped(trace))
            if labels[-1]:
                broken[trace.violation_type or "a rule"].append(stopped[-1])
        right = sum(s == v for s, v in zip(stopped, labels, strict=True)) / len(labels)
        caught = sum(s and v for s, v in zip(stopped, labels, strict=True))
        passed = sum(not s and not v for s, v in zip(stopped, labels, strict=True))
        area = auroc(torch.tensor(stopped, dtype=torch.float64), torch.tensor(labels))
        honest = len(labels) - sum(labels)
        rows.append(
            [name, len(labels), f"{area:.3f}", f"{right:.3f}", f"{caught} of {sum(labels)}", f"{passed} of {honest}"]
        )
        by_rule += [[name, rule, f"{sum(s)} of {len(s)}"] for rule, s in sorted(broken.items())]
    show(["file", "plans", "AUROC", "accuracy", "violations stopped", "compliant untouched"], rows)
    show(["file", "broken rule", "stopped"], by_rule)


def show(head: list[str], rows: list[list[object]]) -> None:
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    print("\n".join(f"| {' | '.join(map(str, row))} |" for row in rows), end="\n\n")


if __name__ == "__main__":
    main()
