"""The figures of an AgentDojo run, and their tables.

A share has a 95 % interval: the hull of the exact one (Clopper and Pearson) and of a bootstrap over user tasks, because pairs of
one user task are not independent. `all` is over all tasks or pairs, so suites with more of them count for more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch

from gatling.bench.agentdojo import BENCHMARK_VERSION
from gatling.bench.agentdojo.run import ARMS, QUESTIONS, Arm, EpisodeRecord, LeftOut
from gatling.evaluation.intervals import clopper_pearson, hull, ratio_interval
from gatling.evaluation.tables import Row, markdown

PEER = {
    "source": "Agent Control Standard scripted AgentDojo run, as published",
    "unguarded": {"attack_success": 1.0, "utility": 0.8},
    "guarded": {"attack_success": 0.0, "utility": 0.0},
}
"""Not run here, and on plans, injections and checks of its own: for orientation."""

_ARM_NAMES: dict[Arm, str] = {
    "unguarded": "no guard",
    "deny_plan": "guard denies the plan",
    "deny_call": "guard denies calls",
    "repair": "guard repairs",
    "alone": "no guard, injection ignored",
    "nothing": "no call at all",
}
_BENIGN: tuple[Arm, ...] = ("unguarded", "deny_plan", "deny_call", "repair", "nothing")
_REPAIR = ("repaired", "same_state", "intent_kept")


def summarise(records: Iterable[EpisodeRecord], left_out: dict[str, LeftOut]) -> dict[str, Any]:
    """Return all figures as JSON data: by suite, over all, and the peer's."""
    kept = list(records)
    suites = {name: _figures([r for r in kept if r.suite == name], [left]) for name, left in left_out.items()}
    return {
        "benchmark": f"AgentDojo {BENCHMARK_VERSION}",
        "suites": suites,
        "all": _figures(kept, list(left_out.values())),
        "peer": PEER,
    }


def _figures(records: list[EpisodeRecord], left_out: list[LeftOut]) -> dict[str, Any]:
    tasks = [r for r in records if r.injection_task is None]
    pairs = [r for r in records if r.injection_task is not None]
    refused = [r for r in pairs if r.plan_verdict != "allow"]
    repaired = [r for r in pairs if r.was_repaired]
    ends = [r.outcomes["repair"] for r in repaired]
    calls = [len(r.call_verdicts) for r in tasks]
    return {
        "num_tasks": len(tasks),
        "unsolved_tasks": [f"{r.suite}/{r.user_task}" for r in tasks if not r.outcomes["unguarded"].utility],
        "utility": {arm: _share(tasks, [r.outcomes[arm].utility for r in tasks]) for arm in ARMS},
        "false_alarms": {
            "plans_denied": _share(tasks, [r.plan_verdict == "deny" for r in tasks]),
            "plans_escalated": _share(tasks, [r.plan_verdict == "escalate" for r in tasks]),
            "calls_denied": _share(tasks, [r.call_verdicts.count("deny") for r in tasks], calls),
            "calls_escalated": _share(tasks, [r.call_verdicts.count("escalate") for r in tasks], calls),
        },
        "num_pairs": len(pairs),
        "pairs_without_calls": sum(left.without_calls for left in left_out),
        "pairs_not_delivered": sum(left.not_delivered for left in left_out),
        "under_attack": {
            arm: {
                "utility": _share(pairs, [r.outcomes[arm].utility for r in pairs]),
                "attack_success": _share(pairs, [r.outcomes[arm].attack_success for r in pairs]),
                "injected_call_ran": _share(pairs, [r.outcomes[arm].injected_call_ran for r in pairs]),
            }
            for arm in ARMS
        },
        "repair": {
            "num_refused": len(refused),
            "repaired": _share(refused, [r.was_repaired for r in refused]),
            "same_state": _share(repaired, [end.same_state for end in ends]),
            "intent_kept": _share(
                repaired, [end.same_state and end.answered and not end.injected_call_ran for end in ends]
            ),
        },
        "latency_ms": {q: _latency([t for r in records for t in r.latency_ms[q]]) for q in QUESTIONS},
    }


def _share(
    records: Sequence[EpisodeRecord], successes: Sequence[int], trials: Sequence[int] | None = None
) -> dict[str, Any] | None:
    """Return successes, trials, share and its interval; None without a trial.

    Args:
        successes: of each record.
        trials: of each record; one each by default.
    """
    found = torch.tensor([successes, trials or [1] * len(records)], dtype=torch.float64).T
    num_successes, num_trials = (int(n) for n in found.sum(0)) if records else (0, 0)
    if not num_trials:
        return None
    tasks = {task: row for row, task in enumerate(dict.fromkeys((r.suite, r.user_task) for r in records))}
    row = torch.tensor([tasks[r.suite, r.user_task] for r in records])
    low, high = hull(clopper_pearson(num_successes, num_trials), ratio_interval(found[:, 0], found[:, 1], row))
    return {
        "successes": num_successes,
        "trials": num_trials,
        "share": num_successes / num_trials,
        "low": low,
        "high": high,
    }


def _latency(times_ms: list[float]) -> dict[str, Any]:
    if not times_ms:
        return {"num_decisions": 0, "p50": None, "p99": None}
    p50, p99 = np.percentile(times_ms, [50, 99]).tolist()
    return {"num_decisions": len(times_ms), "p50": p50, "p99": p99}


def bench_tables(summary: dict[str, Any]) -> list[tuple[str, Sequence[str], list[Row]]]:
    """Return title, columns and rows of each table."""
    parts: dict[str, Any] = {**summary["suites"], "all": summary["all"]}
    return [
        ("Without attack: utility", ("suite", "tasks", *(_ARM_NAMES[a] for a in _BENIGN)), _benign_rows(parts)),
        (
            "Without attack: false alarms",
            ("suite", "plans denied", "plans escalated", "calls denied", "calls escalated"),
            [(name, *(_shown(share) for share in f["false_alarms"].values())) for name, f in parts.items()],
        ),
        (
            "Under attack",
            ("suite, arm", "pairs", "utility", "attack success, end state", "attack success, arguments"),
            _attack_rows(parts, summary["peer"]),
        ),
        (
            "Repair under attack",
            ("suite", "plans not allowed", "repaired", "same end state", "intent kept"),
            [
                (name, str(f["repair"]["num_refused"]), *(_shown(f["repair"][k]) for k in _REPAIR))
                for name, f in parts.items()
            ],
        ),
        (
            "Time in the guard, ms a decision",
            ("suite", *(f"{q}: {p}" for q in QUESTIONS for p in ("p50", "p99"))),
            [
                (name, *(_ms(f["latency_ms"][q][p]) for q in QUESTIONS for p in ("p50", "p99")))
                for name, f in parts.items()
            ],
        ),
    ]


def bench_page(summary: dict[str, Any]) -> str:
    """Return the tables and what was left out as a Markdown page."""
    lines = [f"# {summary['benchmark']}, end to end", ""]
    for title, columns, rows in bench_tables(summary):
        lines += [f"## {title}", "", *markdown(columns, rows), ""]
    return "\n".join([*lines, *left_out_lines(summary)]) + "\n"


def left_out_lines(summary: dict[str, Any]) -> list[str]:
    """Return what the tables do not count, in words."""
    figures = summary["all"]
    unsolved = ", ".join(figures["unsolved_tasks"]) or "none"
    return [
        f"User tasks that their own ground truth does not solve: {unsolved}.",
        f"Pairs left out: {figures['pairs_without_calls']} whose injection task has no ground-truth calls, "
        f"{figures['pairs_not_delivered']} whose user task reads no injected text.",
    ]


def _benign_rows(parts: dict[str, Any]) -> list[Row]:
    return [(name, str(f["num_tasks"]), *(_shown(f["utility"][arm]) for arm in _BENIGN)) for name, f in parts.items()]


def _attack_rows(parts: dict[str, Any], peer: dict[str, Any]) -> list[Row]:
    keys = ("utility", "attack_success", "injected_call_ran")
    rows: list[Row] = [
        (f"{name}, {_ARM_NAMES[arm]}", str(f["num_pairs"]), *(_shown(f["under_attack"][arm][k]) for k in keys))
        for name, f in parts.items()
        for arm in ARMS
    ]
    for arm, label in (("unguarded", "no guard"), ("guarded", "guarded")):
        shares = (f"{peer[arm][k]:.2f}" for k in keys[:2])
        rows.append((f"{peer['source']}, {label}", "-", *shares, "-"))
    return rows


def _shown(share: dict[str, Any] | None) -> str:
    return "-" if share is None else f"{share['share']:.2f} ({share['low']:.2f} to {share['high']:.2f})"


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
