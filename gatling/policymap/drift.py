"""Whether traffic changes over time: windows of a log against its first window, by the latents of their plans.

The distance of two windows is that of their mean latents. How large it would be by chance is found by a permutation test: the
plans of both are dealt out anew, and the share of deals with at least this distance is the p value (with the add-one of
Phipson and Smyth, 2010, so it is never 0). Over the windows the p values are corrected by Holm's method. The oracle has no say
in this; the tools whose share changed most are counted, not inferred.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatling.runtime import RuntimeEncoders
from gatling.schema import Trace

MIN_WINDOW = 20
_DEALS = 999
_TOOLS_SHOWN = 3
LEVEL = 0.01


@dataclass(frozen=True, slots=True)
class ToolShift:
    """How the share of a window's calls that go to a tool has changed."""

    tool: str
    before: float
    after: float

    def to_dict(self) -> dict[str, Any]:
        return {"tool": self.tool, "share_before": round(self.before, 4), "share_after": round(self.after, 4)}


@dataclass(frozen=True, slots=True)
class Drift:
    """A window of the log beside the first one."""

    first: int
    last: int
    """Its traces, by their place in the log, from 1."""
    distance: float
    """Between the mean latents, in [0, 2]."""
    p_value: float
    """Of a distance as large as this by chance, corrected for the number of windows."""
    shifts: tuple[ToolShift, ...]
    """The tools whose share changed most, the largest change first."""

    @property
    def is_drift(self) -> bool:
        return self.p_value < LEVEL

    def to_dict(self) -> dict[str, Any]:
        return {
            "first": self.first,
            "last": self.last,
            "distance": round(self.distance, 4),
            "p_value": round(self.p_value, 4),
            "is_drift": self.is_drift,
            "shifts": [shift.to_dict() for shift in self.shifts],
        }


def drift(traces: Sequence[Trace], encoders: RuntimeEncoders, *, windows: int = 10, seed: int = 0) -> list[Drift]:
    """Compare each window of a log, in its order, with the first; none if there are not two windows of 20 traces.

    Args:
        windows: into how many the log is cut, fewer if they would have less than `MIN_WINDOW` traces.
        seed: of the deals.
    """
    count = min(windows, len(traces) // MIN_WINDOW)
    if count < 2:
        return []
    latents = np.asarray(encoders.execution.encode([trace.execution_plan for trace in traces]), np.float64)
    bounds = np.linspace(0, len(traces), count + 1).round().astype(int).tolist()
    rng = np.random.default_rng(seed)
    base = latents[: bounds[1]]
    found = [_p_value(base, latents[a:b], rng) for a, b in pairwise(bounds[1:])]
    corrected = _holm([p for _, p in found])
    return [
        Drift(a + 1, b, distance, p, _shifts(traces[: bounds[1]], traces[a:b]))
        for (distance, _), p, (a, b) in zip(found, corrected, pairwise(bounds[1:]), strict=True)
    ]


def _p_value(first: NDArray[np.float64], other: NDArray[np.float64], rng: np.random.Generator) -> tuple[float, float]:
    """Return the distance of two windows, and how often dealt-out ones are as far apart."""
    both = np.concatenate([first, other])
    sums, size = both.sum(0), len(first)
    distance = float(np.linalg.norm(first.mean(0) - other.mean(0)))
    larger = 0
    for _ in range(_DEALS):
        dealt = both[rng.permutation(len(both))[:size]].sum(0)
        larger += float(np.linalg.norm(dealt / size - (sums - dealt) / len(other))) >= distance
    return distance, (larger + 1) / (_DEALS + 1)


def _holm(values: Sequence[float]) -> list[float]:
    """Return p values corrected by Holm's method, in the order given."""
    out, highest = [0.0] * len(values), 0.0
    for rank, i in enumerate(np.argsort(values, kind="stable").tolist()):
        highest = max(highest, min(1.0, values[i] * (len(values) - rank)))
        out[i] = highest
    return out


def _shifts(before: Sequence[Trace], after: Sequence[Trace]) -> tuple[ToolShift, ...]:
    a, b = _shares(before), _shares(after)
    shifts = [ToolShift(tool, a.get(tool, 0.0), b.get(tool, 0.0)) for tool in sorted({*a, *b})]
    shifts.sort(key=lambda shift: -abs(shift.after - shift.before))
    return tuple(shifts[:_TOOLS_SHOWN])


def _shares(traces: Sequence[Trace]) -> dict[str, float]:
    counts = Counter(node.tool_name for trace in traces for node in trace.execution_plan.nodes)
    return {tool: number / counts.total() for tool, number in counts.items()}
