"""A small network that is monotone in its inputs, as arrays: evaluated in double precision, one plan at a time.

    z = s * (x - mean) / scale                      s: the sign of each feature
    h = act(z W + b), energy = h . o + z . l + c    W, o, l >= 0 wherever the feature has a sign

A third of the hidden units each are convex (softplus), concave and saturated (tanh), so that their non-negative sums can
bend both ways (Runje and Shankaranarayana, "Constrained Monotonic Neural Networks", 2023). Rows are evaluated one by one in
a fixed order of sums, so a node's energy has the same bits alone, in any batch and on any number of threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatling.errors import CheckpointError
from gatling.schema.lazy import cached_property

Floats = NDArray[np.float64]
_ARRAYS = ("mean", "scale", "w", "b", "o", "l", "c")


def softplus(x: Floats) -> Floats:
    """Return log(1 + e^x), without overflow."""
    return np.asarray(np.logaddexp(0.0, x), np.float64)


@dataclass(frozen=True)
class MonotoneNet:
    """F features, H hidden units (a multiple of 3)."""

    signs: Floats
    """`(F,)`: +1 never lowers, -1 never raises, 0 free."""
    mean: Floats
    scale: Floats
    """`(F,)` each; scale > 0."""
    w: Floats
    """`(F, H)`."""
    b: Floats
    """`(H,)`."""
    o: Floats
    """`(H,)`, non-negative."""
    l: Floats  # noqa: E741
    """`(F,)`."""
    c: Floats
    """`(1,)`."""

    def __call__(self, x: Floats) -> Floats:
        """Return `(rows,)` for `(rows, F)`."""
        z = (x - self.mean) / self.scale * self._turns
        third = self.w.shape[1] // 3
        h = np.einsum("rf,fh->rh", z, self.w, optimize=False) + self.b
        h = np.concatenate(
            [softplus(h[:, :third]), -softplus(-h[:, third : 2 * third]), np.tanh(h[:, 2 * third :])], axis=1
        )
        return np.asarray(
            np.einsum("rh,h->r", h, self.o, optimize=False) + np.einsum("rf,f->r", z, self.l, optimize=False) + self.c
        )

    @cached_property
    def _turns(self) -> Floats:
        """The signs, with 1 for what is free."""
        return np.where(self.signs == 0, 1.0, self.signs)

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name).tolist() for name in _ARRAYS}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], signs: NDArray[Any], *, source: str) -> MonotoneNet:
        """Read what `to_dict` gave. Raises: CheckpointError if a shape, a sign or a value is not what it must be."""
        try:
            arrays = {name: np.array(data[name], np.float64) for name in _ARRAYS}
        except (KeyError, TypeError, ValueError):
            raise CheckpointError(
                f"{source}: a network lacks one of {', '.join(_ARRAYS)}, or it holds no numbers"
            ) from None
        f, h = len(signs), len(arrays["b"]) if arrays["b"].ndim == 1 else 0
        shapes = {"mean": (f,), "scale": (f,), "w": (f, h), "b": (h,), "o": (h,), "l": (f,), "c": (1,)}
        for name, shape in shapes.items():
            if arrays[name].shape != shape or h < 3 or h % 3:
                raise CheckpointError(f"{source}: the array {name} has the shape {arrays[name].shape}, wanted {shape}")
            if not np.isfinite(arrays[name]).all():
                raise CheckpointError(f"{source}: the array {name} holds a value that is not finite")
        signed = np.asarray(signs) != 0
        if (arrays["w"][signed] < 0).any() or (arrays["l"][signed] < 0).any() or (arrays["o"] < 0).any():
            raise CheckpointError(f"{source}: a network is not monotone: a weight that must not be negative is")
        if (arrays["scale"] <= 0).any():
            raise CheckpointError(f"{source}: a scale is not positive")
        return cls(signs=np.array(signs, np.float64), **arrays)
