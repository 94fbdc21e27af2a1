"""Learning rate as a function of the step: linear warm-up, then a cosine to a hundredth."""

from __future__ import annotations

import math

FINAL_SHARE = 0.01


def default_warmup(total_steps: int) -> int:
    return min(500, total_steps // 20)


def learning_rate_at(step: int, *, peak: float, warmup_steps: int, total_steps: int) -> float:
    """Return the rate for optimizer step `step`, from 0."""
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    progress = min(1.0, (step - warmup_steps) / max(1, total_steps - warmup_steps))
    return peak * (FINAL_SHARE + (1 - FINAL_SHARE) * 0.5 * (1 + math.cos(math.pi * progress)))
