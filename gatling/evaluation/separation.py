"""Do violations have higher energy than compliant plans? AUROC, false alarms at a recall, and intervals by context."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torchmetrics.functional.classification import binary_auroc

_RESAMPLES = 200
_MAX_INTERVAL_ROWS = 20_000


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
    needed = min(len(caught), max(1, -int(-recall * len(caught) // 1)))
    threshold = caught[needed - 1]
    return float((energy[~is_violation] >= threshold).float().mean())


def auroc_interval(
    energy: Float[Tensor, " M"], is_violation: Bool[Tensor, " M"], context: Int[Tensor, " M"], seed: int = 0
) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the AUROC; whole contexts are resampled, as their traces are not independent.

    NaN where the AUROC is, or with more than 20,000 traces, where an interval would be far narrower than other doubts.
    """
    if not is_violation.any() or is_violation.all() or len(energy) > _MAX_INTERVAL_ROWS:
        return float("nan"), float("nan")
    generator = torch.Generator().manual_seed(seed)
    contexts, member = torch.unique(context, return_inverse=True)
    rows = [torch.nonzero(member == i).squeeze(1) for i in range(len(contexts))]
    values = []
    for _ in range(_RESAMPLES):
        drawn = torch.randint(len(rows), (len(rows),), generator=generator)
        index = torch.cat([rows[i] for i in drawn.tolist()])
        value = auroc(energy[index], is_violation[index])
        if value == value:
            values.append(value)
    if not values:
        return float("nan"), float("nan")
    low, high = torch.tensor(values).quantile(torch.tensor([0.025, 0.975])).tolist()
    return low, high
