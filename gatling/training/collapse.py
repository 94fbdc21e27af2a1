"""Collapse watch: stop a run whose latents all point one way.

A collapsed encoder gives every record nearly the same latent. The loss does not always show it, and no later step mends it.
Latents are called weak if both hold, for the contexts or for the plans:

- effective rank (RankMe) below 1 + `RANK_SHARE` of what could be added to 1, min(rows, D) - 1;
- uniformity (log of the mean of exp(-2 d^2) over pairs) above `MAX_UNIFORMITY`: rows lie closer than a cosine of about 0.98.

Either alone is no collapse: near copies among the data lower the rank, a narrow domain raises uniformity. Fewer than `MIN_ROWS`
distinct records are not judged. A run stops after `PATIENCE` weak checks in a row.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from gatling.errors import TrainingError
from gatling.evaluation.geometry import effective_rank, uniformity

CHECK_EVERY = 20
"""Steps between checks of the training latents; the last step of an epoch is checked besides."""
PATIENCE = 3
MIN_ROWS = 16
RANK_SHARE = 0.05
MAX_UNIFORMITY = -0.08
_MAX_ROWS = 256


@dataclass(frozen=True, slots=True)
class Spread:
    """How some latents use their space."""

    num_rows: int
    """Distinct records, M; more than 256 are sampled evenly."""
    effective_rank: float
    """[1, min(M, D)]."""
    uniformity: float
    """[-4, 0]; NaN for fewer than two rows."""
    max_rank: int
    """min(M, D)."""

    @classmethod
    def of(cls, z: Float[Tensor, "M D"]) -> Spread:
        if len(z) > _MAX_ROWS:
            z = z[torch.linspace(0, len(z) - 1, _MAX_ROWS, device=z.device).long()]
        return cls(len(z), effective_rank(z), uniformity(z), min(z.shape))

    @property
    def is_weak(self) -> bool:
        return (
            self.num_rows >= MIN_ROWS
            and self.effective_rank < 1 + RANK_SHARE * (self.max_rank - 1)
            and self.uniformity > MAX_UNIFORMITY
        )


def count_weak(count: int, contexts: Spread, plans: Spread, *, where: str) -> int:
    """Return how many checks in a row were weak, `count` before this one.

    Args:
        where: what was checked, for the message.

    Raises:
        TrainingError: at `PATIENCE` of them, with the figures and advice.
    """
    weak = {name: spread for name, spread in (("context", contexts), ("plan", plans)) if spread.is_weak}
    if not weak:
        return 0
    if count + 1 < PATIENCE:
        return count + 1
    figures = " and ".join(
        f"{spread.num_rows} {name}s have {name} latents of effective rank {spread.effective_rank:.2f} of {spread.max_rank} and "
        f"uniformity {spread.uniformity:.3f}"
        for name, spread in weak.items()
    )
    raise TrainingError(
        f"the latents have collapsed, {PATIENCE} checks in a row: {where}, {figures}; try a lower --learning-rate, a larger "
        "--batch-size or --effective-batch-size, or another --temperature, and look for contexts that hardly differ"
    )
