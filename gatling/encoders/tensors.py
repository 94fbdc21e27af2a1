"""Batches of arrays as batches of tensors. Features know no torch; what trains and what measures it goes through here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, overload

import numpy as np
import torch
from torch import Tensor

from gatling.features import PlanBatch, PolicyBatch

BatchT = TypeVar("BatchT")


@overload
def as_tensors(batch: PlanBatch[np.ndarray]) -> PlanBatch[Tensor]: ...
@overload
def as_tensors(batch: PolicyBatch[np.ndarray]) -> PolicyBatch[Tensor]: ...
def as_tensors(batch: Any) -> Any:
    """Return the batch with tensors for its arrays, whose memory they share."""
    return _changed(batch, torch.from_numpy)


def moved(batch: BatchT, device: torch.device | str) -> BatchT:
    """Return the batch on a device."""
    found: BatchT = _changed(batch, lambda tensor: tensor.to(device))
    return found


def in_double(batch: BatchT) -> BatchT:
    """Return the batch with its numbers in float64."""
    found: BatchT = _changed(batch, lambda tensor: tensor.double() if tensor.is_floating_point() else tensor)
    return found


def _changed(part: Any, change: Callable[[Any], Tensor]) -> Any:
    if isinstance(part, (np.ndarray, Tensor)):
        return change(part)
    if isinstance(part, list):
        return [_changed(item, change) for item in part]
    if is_dataclass(part) and not isinstance(part, type):
        return replace(part, **{f.name: _changed(getattr(part, f.name), change) for f in fields(part)})
    return part
