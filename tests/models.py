"""Small models and made-up latents: what tests build with torch."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as F

from gatling.encoders import DualEncoder
from gatling.evaluation import Embedded
from tests.builders import SMALL


def small_model(**changes: Any) -> DualEncoder:
    return DualEncoder.create(**{**SMALL, **changes}).eval()


def embedded(
    z_g: torch.Tensor, z_e: torch.Tensor, context: list[int], compliant: list[bool], plan: list[int] | None = None
) -> Embedded:
    """Latents, made unit vectors. Without `plan` row i of `z_e` is the plan of trace i."""
    return Embedded(
        F.normalize(z_g, dim=-1),
        F.normalize(z_e, dim=-1),
        torch.tensor(context),
        torch.arange(len(context)) if plan is None else torch.tensor(plan),
        torch.tensor(compliant),
        ["s"] * len(context),
        [""] * len(context),
    )
