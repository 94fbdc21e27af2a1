"""The task joins model and objective. What is optimised and what is merely reported never mix."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from gatling.encoders import DualEncoder
from gatling.objectives import Objective
from gatling.training.batches import TrainBatch

MIN_TEMPERATURE, MAX_TEMPERATURE = 0.01, 1.0


@dataclass(frozen=True, slots=True)
class TaskOutput:
    loss: Tensor
    """What is optimised, a scalar."""
    parts: dict[str, float]
    """What it is made of, to log."""
    gap: Tensor
    """`(N, K)`: how far the energy of each hard negative lies above that of the trace's own plan; any where there is none."""


class ContrastiveTask(nn.Module):
    """The objective over a DualEncoder, with the temperature as its only parameter of its own."""

    def __init__(
        self, model: DualEncoder, objective: Objective, *, temperature: float, learn_temperature: bool
    ) -> None:
        super().__init__()
        self.model = model
        self.objective = objective
        self.learn_temperature = learn_temperature
        self.log_temperature = nn.Parameter(torch.tensor(math.log(temperature)), requires_grad=learn_temperature)

    @property
    def temperature(self) -> float:
        return float(self._bounded_log_temperature().detach().exp())

    def _bounded_log_temperature(self) -> Tensor:
        if not self.learn_temperature:
            return self.log_temperature
        return self.log_temperature.clamp(math.log(MIN_TEMPERATURE), math.log(MAX_TEMPERATURE))

    def forward(self, batch: TrainBatch, is_shared: Bool[Tensor, "B B"]) -> TaskOutput:
        """Compute the loss of a batch that is a whole step; `is_shared` as `EpochBatches.is_shared` returns it."""
        return self.loss(self.encode(batch), is_shared, batch.negative_row >= 0)

    def encode(self, batch: TrainBatch) -> Float[Tensor, "B S D"]:
        """Return the S = 2 + K latents of each trace: context, compliant plan, K hard negatives (any where there is none)."""
        z_contexts = self.model.governance(batch.policy)
        z_plans = self.model.execution(batch.plan)
        z_g, z_e = z_contexts[batch.context_row], z_plans[batch.plan_row]  # (B, D)
        z_neg = z_plans[batch.negative_row.clamp(min=0)]  # (B, K, D)
        return torch.cat([z_g[:, None].float(), z_e[:, None].float(), z_neg.float()], dim=1)

    def loss(
        self, latents: Float[Tensor, "N S D"], is_shared: Bool[Tensor, "N N"], has_negative: Bool[Tensor, "N K"]
    ) -> TaskOutput:
        """Compute the loss of a whole step from its latents as `encode` returns them."""
        loss, parts = self.objective(
            latents[:, 0],
            latents[:, 1],
            latents[:, 2:],
            logit_scale=(-self._bounded_log_temperature()).exp(),
            is_shared=is_shared,
            has_negative=has_negative,
        )
        with torch.no_grad():
            similarity = torch.einsum("nd,nkd->nk", latents[:, 0], latents[:, 1:])  # (N, 1 + K)
        return TaskOutput(loss, parts, similarity[:, :1] - similarity[:, 1:])
