"""Reductions over the segments of a packed tensor: rows that belong to the same record."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor


def at_least_fp32(x: Float[Tensor, ...]) -> Float[Tensor, ...]:
    """Return float32 for what is less precise, else the tensor as it is."""
    return x if x.dtype == torch.float64 else x.float()


def segment_softmax(
    scores: Float[Tensor, "rows heads"], segment: Int[Tensor, " rows"], num_segments: int
) -> Float[Tensor, "rows heads"]:
    """Softmax over the rows of each segment, heads apart.

    Computed in float32 at least and shifted by the segment's maximum, so it is exact for any scores.
    """
    scores = at_least_fp32(scores)
    index = segment[:, None].expand_as(scores)
    top = scores.new_full((num_segments, scores.shape[1]), -torch.inf)
    top = top.scatter_reduce(0, index, scores.detach(), "amax")
    weight = torch.exp(scores - top.gather(0, index))
    total = weight.new_zeros(num_segments, scores.shape[1]).index_add(0, segment, weight)
    return weight / total.gather(0, index)


def segment_sum(
    rows: Float[Tensor, "rows dim"], segment: Int[Tensor, " rows"], num_segments: int
) -> Float[Tensor, "segments dim"]:
    """Sum the rows of each segment; a segment without rows gives zeros."""
    return rows.new_zeros(num_segments, rows.shape[1]).index_add(0, segment, rows)


def segment_max(
    rows: Float[Tensor, "rows dim"], segment: Int[Tensor, " rows"], num_segments: int
) -> Float[Tensor, "segments dim"]:
    """Maximum over the rows of each segment; a segment without rows gives zeros."""
    index = segment[:, None].expand_as(rows)
    return rows.new_zeros(num_segments, rows.shape[1]).scatter_reduce(0, index, rows, "amax", include_self=False)
