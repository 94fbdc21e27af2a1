"""Boosted trees that are monotone in their inputs, as arrays: the sum of one leaf of each tree, in a fixed order.

Trained elsewhere (`critics_training/attribution.py`); here they are read, checked and evaluated, in double precision. A tree is
monotone in a feature if at every split on it no leaf on the lower side is worse than one on the upper side; that is checked when
the trees are read, so that a file that breaks the promise is refused.
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
MAX_NODES = 1_000_000
_ARRAYS = ("feature", "threshold", "left", "right", "value", "root")


@dataclass(frozen=True)
class MonotoneTrees:
    """T trees with N nodes in all. A node is a leaf where `feature` is -1."""

    feature: NDArray[np.int64]
    """`(N,)`: which column decides; -1 for a leaf."""
    threshold: Floats
    """`(N,)`: a row goes left where its value is at most this."""
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    """`(N,)` each: positions of the children."""
    value: Floats
    """`(N,)`: of a leaf."""
    root: NDArray[np.int64]
    """`(T,)`."""

    def __call__(self, x: Floats) -> Floats:
        """Return the sum over trees, `(rows,)`, for `(rows, F)`; NaN for a row with one."""
        feature, threshold, children, value, depth = self._walk
        at = np.broadcast_to(2 * self.root, (len(x), len(self.root))).copy()
        values, first = x.ravel(), np.arange(len(x))[:, None] * x.shape[1]
        for _ in range(depth):
            column = feature.take(at)
            column += first
            at += values.take(column) <= threshold.take(at)
            at = children.take(at)
        # One after another: sums have the same bits in any batch.
        total = np.cumsum(value.take(at), axis=1)[:, -1]
        return np.where(np.isnan(x).any(axis=1), np.nan, total)  # what is not a number takes no side

    @cached_property
    def _walk(self) -> tuple[NDArray[np.int64], Floats, NDArray[np.int64], Floats, int]:
        """Feature, threshold, children and value of each node, and the longest way to a leaf. Node n is called 2 n, so that its
        right and its left child stand side by side; a leaf is its own child."""
        position = np.arange(len(self.feature))
        is_leaf = self.feature < 0
        children = np.where(is_leaf[:, None], position[:, None], np.stack([self.right, self.left], axis=1))
        depth, front = 0, self.root
        while not is_leaf[front].all():
            front = np.unique(children[front])
            depth += 1
        feature, threshold, value = (
            np.repeat(array, 2) for array in (np.maximum(self.feature, 0), self.threshold, self.value)
        )
        return feature, threshold, 2 * children.ravel(), value, depth

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name).tolist() for name in _ARRAYS}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], signs: NDArray[Any], *, source: str) -> MonotoneTrees:
        """Read what `to_dict` gave. Raises: CheckpointError if it is no set of trees, or not monotone in a signed feature."""
        try:
            feature, left, right, root = (_whole(data[n]) for n in ("feature", "left", "right", "root"))
            threshold, value = (np.array(data[n], np.float64) for n in ("threshold", "value"))
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError):
            raise CheckpointError(f"{source}: trees lack one of {', '.join(_ARRAYS)}, or it holds no numbers") from None
        trees = cls(feature, threshold, left, right, value, root)
        trees._check(np.asarray(signs), source)
        return trees

    def _check(self, signs: NDArray[Any], source: str) -> None:
        n = len(self.feature)
        arrays = (self.feature, self.threshold, self.left, self.right, self.value)
        if not 0 < n <= MAX_NODES or any(a.shape != (n,) for a in arrays) or self.root.ndim != 1:
            raise CheckpointError(f"{source}: trees have arrays of different lengths, or more than {MAX_NODES} nodes")
        inner = self.feature >= 0
        position = np.arange(n)
        # Children stand behind their parents, so every walk ends.
        if (self.feature >= len(signs)).any() or (self.feature < -1).any():
            raise CheckpointError(f"{source}: a tree splits on a feature that there is not")
        for child in (self.left[inner], self.right[inner]):
            if (child <= position[inner]).any() or (child >= n).any():
                raise CheckpointError(f"{source}: a tree's child does not stand behind its parent")
        if not len(self.root) or (self.root < 0).any() or (self.root >= n).any():
            raise CheckpointError(f"{source}: a tree has no root")
        if not (np.isfinite(self.threshold[inner]).all() and np.isfinite(self.value).all()):
            raise CheckpointError(f"{source}: a tree holds a value that is not finite")
        low, high = self.value.copy(), self.value.copy()
        for i in position[inner][::-1]:
            left, right = self.left[i], self.right[i]
            low[i], high[i] = min(low[left], low[right]), max(high[left], high[right])
            sign = signs[self.feature[i]]
            if (sign > 0 and high[left] > low[right]) or (sign < 0 and low[left] < high[right]):
                raise CheckpointError(f"{source}: a tree is not monotone in feature {self.feature[i]}")


def _whole(numbers: Any) -> NDArray[np.int64]:
    if not isinstance(numbers, list) or any(type(n) is not int for n in numbers):
        raise TypeError("no whole numbers")
    return np.array(numbers, np.int64)
