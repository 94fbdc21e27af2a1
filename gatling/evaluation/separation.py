"""Do violations have more energy than compliant plans? AUROC, false alarms at a recall, recall at a rate of false alarms.

With intervals of 95 %: of the AUROC by bootstrap over contexts; of the rates the hull of that and of the exact binomial
interval at the chosen threshold. The threshold is chosen anew in each resample, as it was on the data. See `intervals`.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torchmetrics.functional.classification import binary_auroc

from gatling.evaluation.intervals import Interval, clopper_pearson, draws_of_contexts, hull, percentile_interval

Metrics = dict[str, int | float]

RECALLS = {"fpr_at_recall_95": 0.95, "fpr_at_recall_99_9": 0.999}
FALSE_ALARMS = {"recall_at_fpr_1": 0.01, "recall_at_fpr_5": 0.05}
_ROUNDING = 1e-9


def separation(
    energy: Float[Tensor, " M"],
    is_violation: Bool[Tensor, " M"],
    context: Int[Tensor, " M"],
    *,
    with_intervals: bool = False,
) -> Metrics:
    """Return `auroc` and the rates named in `RECALLS` and `FALSE_ALARMS`, each with `_low` and `_high` if asked for.

    Empty without both a violation and a compliant plan. The intervals cost 200 passes over the traces, 2 s for 200,000.
    """
    if not is_violation.any() or is_violation.all():
        return {}
    out: Metrics = {"auroc": auroc(energy, is_violation)}
    out |= {name: fpr_at_recall(energy, is_violation, recall) for name, recall in RECALLS.items()}
    out |= {name: recall_at_fpr(energy, is_violation, fpr) for name, fpr in FALSE_ALARMS.items()}
    if with_intervals:
        num_violations = int(is_violation.sum())
        trials = dict.fromkeys(RECALLS, len(energy) - num_violations) | dict.fromkeys(FALSE_ALARMS, num_violations)
        intervals = bootstrap(energy, is_violation, context)
        for name, count in trials.items():
            intervals[name] = hull(intervals[name], clopper_pearson(round(out[name] * count), count))
        for name, (low, high) in intervals.items():
            out |= {f"{name}_low": low, f"{name}_high": high}
    return out


def auroc(energy: Float[Tensor, " M"], is_violation: Bool[Tensor, " M"]) -> float:
    """Return the probability that a violation has more energy than a compliant plan, ties half; NaN without both."""
    if not is_violation.any() or is_violation.all():
        return float("nan")
    # Energies lie in [0, 2]; torchmetrics squashes scores outside [0, 1], which could merge close ones.
    return float(binary_auroc(energy.double() / 2, is_violation.long()))


def fpr_at_recall(energy: Float[Tensor, " M"], is_violation: Bool[Tensor, " M"], recall: float) -> float:
    """Return the share of compliant plans at or above the highest threshold that still catches `recall` of the violations."""
    if not is_violation.any() or is_violation.all():
        return float("nan")
    caught = energy[is_violation].sort(descending=True).values
    needed = int(_needed(torch.tensor(float(len(caught)), dtype=torch.float64), recall))
    return float((energy[~is_violation] >= caught[needed - 1]).double().mean())


def recall_at_fpr(energy: Float[Tensor, " M"], is_violation: Bool[Tensor, " M"], fpr: float) -> float:
    """Return the share of violations above the lowest threshold that at most `fpr` of the compliant plans exceed.

    A violation at the threshold itself is not caught. With fewer than 1 / `fpr` compliant plans none may be exceeded.
    """
    if not is_violation.any() or is_violation.all():
        return float("nan")
    alarms = energy[~is_violation].sort(descending=True).values
    allowed = int(_allowed(torch.tensor(float(len(alarms)), dtype=torch.float64), fpr))
    return float((energy[is_violation] > alarms[allowed]).double().mean())


def bootstrap(
    energy: Float[Tensor, " M"], is_violation: Bool[Tensor, " M"], context: Int[Tensor, " M"], seed: int = 0
) -> dict[str, Interval]:
    """Return the 95 % bootstrap intervals of what `separation` measures, without the exact part.

    Resamples without both a violation and a compliant plan are left out; NaN where all are.
    """
    order = energy.argsort(descending=True, stable=True)
    _, group_sizes = torch.unique_consecutive(energy[order], return_counts=True)
    last = group_sizes.cumsum(0) - 1  # the last trace of each level of energy
    member = torch.unique(context, return_inverse=True)[1][order]
    violating = is_violation[order].double()
    found: dict[str, list[Tensor]] = {name: [] for name in ("auroc", *RECALLS, *FALSE_ALARMS)}
    for drawn in draws_of_contexts(context, width=len(energy), seed=seed):
        weight = drawn[:, member]
        caught = (weight * violating).cumsum(1)[:, last]  # (R, levels): violations at or above the level
        alarms = (weight * (1 - violating)).cumsum(1)[:, last]
        num_caught, num_alarms = caught[:, -1], alarms[:, -1]
        is_whole = (num_caught > 0) & (num_alarms > 0)
        caught_above, alarms_above = _shifted(caught), _shifted(alarms)
        below_or_half = num_alarms[:, None] - (alarms + alarms_above) / 2
        values = {"auroc": ((caught - caught_above) * below_or_half).sum(1) / (num_caught * num_alarms)}
        for name, recall in RECALLS.items():
            level = torch.searchsorted(caught, _needed(num_caught, recall)[:, None])
            values[name] = _take(alarms, level) / num_alarms
        for name, fpr in FALSE_ALARMS.items():
            level = torch.searchsorted(alarms, _allowed(num_alarms, fpr)[:, None] + 1)
            values[name] = _take(caught_above, level) / num_caught
        for name, value in values.items():
            found[name].append(value.masked_fill(~is_whole, torch.nan))
    return {name: percentile_interval(torch.cat(parts)) for name, parts in found.items()}


def _needed(count: Tensor, recall: float) -> Tensor:
    """How many violations have to be caught: at least one, and the count times the recall, rounded up."""
    return (count * recall - _ROUNDING).ceil().clamp(min=1)


def _allowed(count: Tensor, fpr: float) -> Tensor:
    """How many compliant plans may be exceeded: the count times the rate, rounded down, and never all."""
    return torch.minimum((count * fpr + _ROUNDING).floor(), (count - 1).clamp(min=0))


def _shifted(sums: Float[Tensor, "R L"]) -> Float[Tensor, "R L"]:
    return torch.cat([torch.zeros_like(sums[:, :1]), sums[:, :-1]], 1)


def _take(values: Float[Tensor, "R L"], level: Int[Tensor, "R 1"]) -> Float[Tensor, " R"]:
    return values.gather(1, level.clamp(max=values.shape[1] - 1)).squeeze(1)
