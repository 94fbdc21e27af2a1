"""Prose rules that speak of facts and records: how well the guard holds them, beside how it did before they were read.

    uv run python benchmarks/prose_rules.py mind2web_sc.jsonl.gz tau_retail.jsonl.gz

For each file the AUROC of violations against compliant plans by verdict and then by energy, the share of plans
whose verdict is right (allowed and compliant, or not allowed and a violation), and by rule that is broken how many plans are not
allowed. `--without` leaves the sentences to the encoders.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path
from unittest.mock import patch

import torch

from gatling import Guard
from gatling.energy.finding import SEVERITY
from gatling.evaluation.separation import auroc
from gatling.guard.replay import MAX_ENERGY
from gatling.schema import read_traces


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--without", action="store_true")
    args = parser.parse_args()
    guard = Guard.from_pretrained(deadline_ms=None, precision="fp64", is_strict_policy=False)
    if args.without:
        patch.object(sys.modules["gatling.policy.recognise"], "with_prose", lambda rules, *_, **__: rules).start()
    rows, by_rule = [], []
    for file in args.files:
        energies, labels, verdicts = [], [], []
        broken: dict[str, list[bool]] = defaultdict(list)
        for trace in read_traces(file):
            decision = guard.audit(trace.governance_context, trace.execution_plan)
            is_violation = trace.label == "violation"
            energy = MAX_ENERGY if decision.assessment is None else min(decision.assessment.energy, MAX_ENERGY)
            energies.append((SEVERITY[decision.verdict], energy))
            labels.append(is_violation)
            verdicts.append(decision.verdict)
            if is_violation:
                broken[trace.violation_type or "a rule"].append(decision.verdict != "allow")
        right = sum((v != "allow") == label for v, label in zip(verdicts, labels, strict=True)) / len(labels)
        stopped = sum(v != "allow" for v, label in zip(verdicts, labels, strict=True) if label)
        untouched = sum(v == "allow" for v, label in zip(verdicts, labels, strict=True) if not label)
        rank = {score: i for i, score in enumerate(sorted(set(energies)))}
        area = auroc(torch.tensor([rank[score] for score in energies], dtype=torch.float64), torch.tensor(labels))
        rows.append(
            f"| {file.name.partition('.')[0]} | {len(labels)} | {area:.3f} | {right:.3f} | {stopped} of {sum(labels)} | "
            f"{untouched} of {len(labels) - sum(labels)} |"
        )
        by_rule += [
            f"| {file.name.partition('.')[0]} | {rule} | {sum(s)} of {len(s)} |" for rule, s in sorted(broken.items())
        ]
    print(
        "| file | plans | AUROC | accuracy | violations stopped | compliant untouched |\n"
        + "| --- "
        + "| ---: " * 5
        + "|"
    )
    print("\n".join(rows))
    print("\n| file | broken rule | stopped |\n| --- | --- | ---: |")
    print("\n".join(by_rule))


if __name__ == "__main__":
    main()
