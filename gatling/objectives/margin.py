"""The security margin: a violating plan's latent energy lies at least delta_sec above the compliant plan's.

With the energy 1 - s this is max(0, delta_sec - s(g, e) + s(g, n)), averaged over the hard negatives.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def margin_loss(
    z_g: Float[Tensor, "B D"],
    z_e: Float[Tensor, "B D"],
    z_neg: Float[Tensor, "B K D"],
    *,
    security_margin: float,
    has_negative: Bool[Tensor, "B K"] | None = None,
) -> Float[Tensor, ""]:
    """Compute the mean hinge, a scalar in [0, 2 + security_margin]; 0 if there is no hard negative.

    Args:
        security_margin: delta_sec, on the scale of the latent energy, [0, 2].
        has_negative: which entries of `z_neg` are real; all of them by default.
    """
    positive = (z_g * z_e).sum(-1, keepdim=True)  # (B, 1)
    negative = torch.einsum("bd,bkd->bk", z_g, z_neg)
    hinge = (security_margin - positive + negative).clamp(min=0)
    if has_negative is None:
        return hinge.mean() if hinge.numel() else hinge.sum()
    hinge = torch.where(has_negative, hinge, 0.0)
    return hinge.sum() / has_negative.sum().clamp(min=1)
