"""The task joins model and loss. What is optimised and what is merely reported never mix."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gatling.data.batches import TrainBatch
from gatling.encoders import DualEncoder
from gatling.objectives import info_nce, margin_loss, shared_pair_mask

MIN_TEMPERATURE, MAX_TEMPERATURE = 0.01, 1.0


@dataclass(frozen=True, slots=True)
class TaskOutput:
    loss: Tensor
    """The sum that is optimised, a scalar."""
    report: dict[str, float]
    """Things to log."""


class ContrastiveTask(nn.Module):
    """InfoNCE plus the margin term over a DualEncoder."""

    def __init__(
        self,
        model: DualEncoder,
        *,
        temperature: float,
        learn_temperature: bool,
        security_margin: float,
        margin_weight: float,
    ) -> None:
        super().__init__()
        self.model = model
        self.security_margin = security_margin
        self.margin_weight = margin_weight
        self.learn_temperature = learn_temperature
        self.log_temperature = nn.Parameter(torch.tensor(math.log(temperature)), requires_grad=learn_temperature)

    @property
    def temperature(self) -> float:
        return float(self._bounded_log_temperature().exp())

    def _bounded_log_temperature(self) -> Tensor:
        if not self.learn_temperature:
            return self.log_temperature
        return self.log_temperature.clamp(math.log(MIN_TEMPERATURE), math.log(MAX_TEMPERATURE))

    def forward(self, batch: TrainBatch) -> TaskOutput:
        z_contexts = self.model.governance(batch.policy)
        z_plans = self.model.execution(batch.plan)
        z_g, z_e = z_contexts[batch.context_row].float(), z_plans[batch.plan_row].float()  # (B, D)
        z_neg = z_plans[batch.negative_row.clamp(min=0)].float()  # (B, K, D)
        has_negative = batch.negative_row >= 0
        contrastive = info_nce(
            z_g,
            z_e,
            z_neg,
            logit_scale=(-self._bounded_log_temperature()).exp(),
            is_shared=shared_pair_mask(batch.context_row, batch.plan_row),
            has_negative=has_negative,
        )
        margin = margin_loss(z_g, z_e, z_neg, security_margin=self.security_margin, has_negative=has_negative)
        return TaskOutput(
            loss=contrastive + self.margin_weight * margin,
            report={"info_nce": float(contrastive.detach()), "margin": float(margin.detach())},
        )
