"""How far each kind of violation is separated: summed up while training, and on the validation split."""

from __future__ import annotations

import torch
from torch import Tensor

from gatling.evaluation import Embedded
from gatling.evaluation.separation import auroc

Sums = dict[str, list[float]]
"""By kind: how many, sum of the gaps, sum of the hinges."""


def add_gaps(sums: Sums, names: list[str], negative_type: Tensor, gap: Tensor, *, security_margin: float) -> None:
    """Add the hard negatives of a step.

    Args:
        names: of the kinds, by number.
        negative_type: `(N, K)` int64, -1 where there is none.
        gap: `(N, K)`: energy of the hard negative less that of the trace's own plan, in [-2, 2].
    """
    is_there = negative_type >= 0
    kinds, gaps = negative_type[is_there].cpu(), gap[is_there].double().cpu()
    for kind in kinds.unique().tolist():
        own = gaps[kinds == kind]
        known = sums.setdefault(names[kind] or "(no type)", [0.0, 0.0, 0.0])
        for i, value in enumerate((len(own), float(own.sum()), float((security_margin - own).clamp(min=0).sum()))):
            known[i] += value


def gap_metrics(sums: Sums) -> dict[str, float | None]:
    """Return `train/gap/KIND`, the mean gap, and `train/margin/KIND`, the mean loss of the margin term."""
    found: dict[str, float | None] = {}
    for name, (count, gap, hinge) in sorted(sums.items()):
        found[f"train/gap/{name}"] = gap / count
        found[f"train/margin/{name}"] = hinge / count
    return found


def separation_by_type(embedded: Embedded) -> dict[str, float]:
    """Return `auroc/KIND`: each kind of violation against all compliant traces."""
    energy, types = embedded.energy(), embedded.violation_type
    found: dict[str, float] = {}
    for name in sorted(set(types)):
        is_kind = torch.tensor([kind == name for kind in types]) & ~embedded.is_compliant
        if is_kind.any():
            keep = is_kind | embedded.is_compliant
            found[f"auroc/{name or '(no type)'}"] = auroc(energy[keep], is_kind[keep])
    return {name: value for name, value in found.items() if value == value}
