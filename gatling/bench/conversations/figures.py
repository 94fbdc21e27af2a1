"""The figures of labelled conversations, as the package's header defines them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from gatling.bench.conversations.labels import LabelledResult, Task
from gatling.evaluation.intervals import clopper_pearson, hull, ratio_interval
from gatling.evaluation.separation import Metrics, separation

Results = Sequence[LabelledResult]


def summarise(files: Mapping[str, Results], *, by: str | None = None) -> dict[str, Any]:
    """Return all figures as JSON data.

    Args:
        files: what was counted, by the file's name.
        by: the name of the field that results were grouped by, if any.

    Returns:
        `files`: the figures of each file, and where it has several suites those of each under `suites`; with `by` the shares of
        each value under `groups`, over all of the file's conversations, compliant or not.
    """
    summary: dict[str, Any] = {"files": {}}
    if by is not None:
        summary["by"] = by
    for name, results in files.items():
        figures: dict[str, Any] = _figures(results)
        suites = _grouped(results, lambda result: result.suite)
        if len(suites) > 1:
            figures["suites"] = {suite: _figures(some) for suite, some in suites.items()}
        if by is not None:
            groups = _grouped(results, lambda result: result.group)
            figures["groups"] = {
                group: {
                    "num_compliant": sum(not result.is_violation for result in some),
                    "num_violations": sum(result.is_violation for result in some),
                    **_verdict_shares(some),
                }
                for group, some in groups.items()
            }
        summary["files"][name] = figures
    return summary


def _grouped(results: Results, key: Callable[[LabelledResult], str]) -> dict[str, list[LabelledResult]]:
    groups: dict[str, list[LabelledResult]] = {}
    for result in results:
        groups.setdefault(key(result), []).append(result)
    return dict(sorted(groups.items()))


def _figures(results: Results) -> dict[str, Any]:
    honest = [result for result in results if not result.is_violation]
    blamed = [result for result in results if result.stopped]
    energies = torch.tensor([result.energy for result in results], dtype=torch.float64)
    figures: dict[str, Any] = {
        "num_compliant": len(honest),
        "num_violations": len(results) - len(honest),
        "num_tasks": len({result.task for result in results}),
        **_separation(results, energies),
        **_verdict_shares(honest),
        **_share("stopped", blamed, [any(result.stopped) for result in blamed]),
        **_share("stopped_all", blamed, [all(result.stopped) for result in blamed]),
        **_share("localised", blamed, [result.is_localised for result in blamed], is_weighted=False),
    }
    tiers = torch.tensor([float(result.has_tier3) for result in results], dtype=torch.float64)
    figures["tier3"] = {
        **_separation(results, tiers),
        **_share("untouched", honest, [not result.has_tier3 for result in honest]),
        **_share("stopped", blamed, [any(result.tier3_stopped) for result in blamed]),
        **_share("stopped_all", blamed, [all(result.tier3_stopped) for result in blamed]),
    }
    return figures


def _separation(results: Results, scores: Tensor) -> Metrics:
    # Only the order counts, and energies of what rules deny are too large for floats to tell the others apart.
    levels = torch.unique(scores, return_inverse=True)[1].double()
    is_violation = torch.tensor([result.is_violation for result in results], dtype=torch.bool)
    found = separation(levels / levels.max().clamp(min=1), is_violation, _contexts(results), with_intervals=True)
    return {name: value for name, value in found.items() if name.startswith(("auroc", "recall")) and value == value}


def _verdict_shares(results: Results) -> Metrics:
    found: Metrics = {}
    for name, verdict in (("untouched", "allow"), ("escalated", "escalate"), ("denied", "deny")):
        found |= _share(name, results, [result.verdict == verdict for result in results])
    return found


def _share(name: str, results: Results, counts: Sequence[bool], *, is_weighted: bool = True) -> Metrics:
    """Return a share and its interval; empty where there is nothing to count."""
    weights = [result.weight if is_weighted else 1.0 for result in results]
    return share_by_task(name, counts, weights, [result.task for result in results])


def share_by_task(name: str, counts: Sequence[bool], weights: Sequence[float], tasks: Sequence[Task]) -> Metrics:
    """Return a weighted share and its interval, by tasks and exact; empty where there is nothing to count."""
    if not counts:
        return {}
    weight = torch.tensor(weights, dtype=torch.float64)
    part = weight * torch.tensor(counts, dtype=torch.float64)
    share = float(part.sum() / weight.sum())
    exact = clopper_pearson(round(share * len(counts)), len(counts))
    low, high = hull(exact, ratio_interval(part, weight, _rows(tasks)))
    return {name: share, f"{name}_low": low, f"{name}_high": high}


def _contexts(results: Results) -> Tensor:
    return _rows([result.task for result in results])


def _rows(tasks: Sequence[Task]) -> Tensor:
    rows = {task: row for row, task in enumerate(dict.fromkeys(tasks))}
    return torch.tensor([rows[task] for task in tasks])
