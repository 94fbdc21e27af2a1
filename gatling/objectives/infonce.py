"""InfoNCE between contexts and plans (van den Oord, Li, Vinyals, 2018), in both directions.

For context i with its plan i, s the cosine and t the temperature:

    L_ge(i) = -log exp(s(g_i, e_i) / t) / [ sum_j exp(s(g_i, e_j) / t) + sum_k exp(s(g_i, n_ik) / t) ]
    L_eg(i) = -log exp(s(g_i, e_i) / t) / sum_j exp(s(g_j, e_i) / t)
    L = mean over i of (L_ge + L_eg) / 2

j runs over the batch without the pairs that are no negatives, `is_shared`: plans that are also compliant plans of
context i, because two rows have the same context, or two contexts the same plan. n_ik are hard negatives: violating
plans of the very context i.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F


def info_nce(
    z_g: Float[Tensor, "B D"],
    z_e: Float[Tensor, "B D"],
    z_neg: Float[Tensor, "B K D"] | None = None,
    *,
    logit_scale: float | Float[Tensor, ""],
    is_shared: Bool[Tensor, "B B"] | None = None,
    has_negative: Bool[Tensor, "B K"] | None = None,
) -> Float[Tensor, ""]:
    """Compute the symmetric InfoNCE loss, a scalar >= 0; `log B` for uniform similarities without hard negatives.

    Args:
        z_g: latents of the contexts, rows of length 1.
        z_e: latents of their compliant plans, rows of length 1.
        z_neg: latents of violating plans of each context.
        logit_scale: 1 / temperature.
        is_shared: off-diagonal pairs (context of row i, plan of row j) that must not be pushed apart.
        has_negative: which entries of `z_neg` are real; all of them by default.
    """
    logits = z_g @ z_e.T * logit_scale  # (B, B)
    if is_shared is not None:
        logits = logits.masked_fill(is_shared, -torch.inf)
    target = torch.arange(len(z_g), device=z_g.device)
    plan_to_context = F.cross_entropy(logits.T, target)
    if z_neg is not None and z_neg.shape[1]:
        hard = torch.einsum("bd,bkd->bk", z_g, z_neg) * logit_scale
        if has_negative is not None:
            hard = hard.masked_fill(~has_negative, -torch.inf)
        logits = torch.cat([logits, hard], dim=1)  # (B, B + K)
    return (F.cross_entropy(logits, target) + plan_to_context) / 2
