"""How the latents use their space."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

_MAX_ROWS = 2_048


def effective_rank(z: Float[Tensor, "M D"]) -> float:
    """Return exp of the entropy of the normalised singular values (RankMe, Garrido et al., 2023).

    In [1, min(M, D)]: 1 when all rows lie on one line, the collapse that a low loss can hide. More than 2,048 rows are
    sampled evenly.
    """
    z = sample_evenly(z)
    if not len(z):
        return float("nan")
    singular = torch.linalg.svdvals(z.double())
    p = singular / singular.sum().clamp(min=1e-12) + 1e-12
    return float(torch.exp(-(p * p.log()).sum()))


def uniformity(z: Float[Tensor, "M D"]) -> float:
    """Return log of the mean of exp(-2 |z_i - z_j|^2) over pairs (Wang, Isola, 2020); 0 at collapse, -4 when spread.

    NaN for fewer than two rows.
    """
    z = sample_evenly(z)
    if len(z) < 2:
        return float("nan")
    return float(torch.pdist(z.float()).square().mul(-2).exp().mean().log())


def sample_evenly(z: Tensor) -> Tensor:
    """Return at most 2,048 of the rows."""
    if len(z) <= _MAX_ROWS:
        return z
    return z[torch.linspace(0, len(z) - 1, _MAX_ROWS).long()]
