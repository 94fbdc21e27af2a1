"""The training objective: InfoNCE, the security margin, and alignment, joined in one place for training and validation.

Alignment is the mean of 1 - s(g, e) over the positives (Wang, Isola, 2020). InfoNCE only asks that a positive beats the
negatives and stops pulling when it does; at a temperature of 0.07 that leaves positives at a cosine of about 0.8. An
energy that is compared with fixed thresholds needs positives near 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Bool, Float
from torch import Tensor

from gatling.objectives.infonce import info_nce
from gatling.objectives.margin import margin_loss


def alignment_loss(z_g: Float[Tensor, "B D"], z_e: Float[Tensor, "B D"]) -> Float[Tensor, ""]:
    """Compute the mean latent energy of the positives, a scalar in [0, 2]."""
    return 1 - (z_g * z_e).sum(-1).mean()


@dataclass(frozen=True, kw_only=True, slots=True)
class Objective:
    """`loss = info_nce + margin_weight * margin + alignment_weight * alignment`."""

    security_margin: float
    margin_weight: float
    alignment_weight: float

    def __call__(
        self,
        z_g: Float[Tensor, "B D"],
        z_e: Float[Tensor, "B D"],
        z_neg: Float[Tensor, "B K D"],
        *,
        logit_scale: float | Float[Tensor, ""],
        is_shared: Bool[Tensor, "B B"],
        has_negative: Bool[Tensor, "B K"],
    ) -> tuple[Float[Tensor, ""], dict[str, float]]:
        """Return the loss and its parts; arguments as for `info_nce` and `margin_loss`."""
        contrastive = info_nce(z_g, z_e, z_neg, logit_scale=logit_scale, is_shared=is_shared, has_negative=has_negative)
        margin = margin_loss(z_g, z_e, z_neg, security_margin=self.security_margin, has_negative=has_negative)
        alignment = alignment_loss(z_g, z_e)
        loss = contrastive + self.margin_weight * margin + self.alignment_weight * alignment
        parts = {
            "info_nce": float(contrastive.detach()),
            "margin": float(margin.detach()),
            "alignment": float(alignment.detach()),
        }
        return loss, parts
