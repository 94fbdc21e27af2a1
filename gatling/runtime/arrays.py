"""Layers on arrays, in float32 or float64: what goes in says which.

A weight is looked up by its name in the state dict of the module of `gatling/encoders` that trained it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from gatling.schema.budget import check

Array = NDArray[np.floating]
Indices = NDArray[np.int64]
Weights = Mapping[str, Array]

_MAX_PADDED = 64
_SMALL_WEIGHT = 16_384
_KNOTS = 64  # per unit
_END = 8.5  # the normal distribution is 0 or 1 beyond, to 1e-17
_LONG = 512  # words of a text that are counted, not gathered
_MAX_GATHERED = 8_192
_MAX_DENSE = 2_048
"""Bags times rows for which one product with a matrix of weights is less work than gathering."""


def linear(x: Array, weights: Weights, name: str) -> Array:
    """`(rows, in) -> (rows, out)`, with the bias if there is one."""
    check()
    out = product(x, weights[f"{name}.weight"])
    bias = weights.get(f"{name}.bias")
    if bias is not None:
        out += bias
    return out


def product(x: Array, weight: Array) -> Array:
    """Return `x @ weight.T`, `(rows, in) -> (rows, out)`.

    A product of few rows takes as long as the weights take to be read. The routines for matrices read them several times where
    rows are not a multiple of 4, and those for one row once; measured on OpenBLAS, 7 rows take 122 us, 8 take 79, and 2 take 68
    together and 36 one by one.
    """
    rows = len(x)
    if not rows % 4 or rows > _MAX_PADDED or weight.size < _SMALL_WEIGHT:
        return np.asarray(x @ weight.T)
    if rows < 4:
        out = np.empty((rows, len(weight)), x.dtype)
        for row, own in zip(x, out, strict=True):
            np.dot(weight, row, out=own)
        return out
    padded = np.zeros((rows + 3 & ~3, x.shape[1]), x.dtype)
    padded[:rows] = x
    return np.asarray(padded @ weight.T)[:rows]


def layer_norm(x: Array, weights: Weights, name: str) -> Array:
    share = x.dtype.type(1 / x.shape[-1])
    mean = np.add.reduce(x, -1, keepdims=True)
    mean *= share
    centred: Array = x - mean
    variance = np.einsum("rh,rh->r", centred, centred)
    variance *= share
    variance += x.dtype.type(1e-5)
    centred /= np.sqrt(variance)[:, None]
    centred *= weights[f"{name}.weight"]
    centred += weights[f"{name}.bias"]
    return centred


def gelu(x: Array) -> Array:
    """x times the normal distribution function, which is read from a table and its Taylor series between knots.

    Within 1e-6 of the exact one in float32 and 5e-15 in float64; numpy has no error function.
    """
    scaled = np.fmin(np.fmax(x, -_END), _END) * x.dtype.type(
        _KNOTS
    )  # of NaN an end, as it is no index; it comes out as NaN
    knot = np.rint(scaled)
    step = scaled - knot
    index = knot.astype(np.int32) + int(_END * _KNOTS)
    terms = _distribution(x.dtype.char)
    total: Array = terms[-1].take(index, mode="clip")
    for term in terms[-2::-1]:
        total *= step
        total += term.take(index, mode="clip")
    total *= x
    return total


@functools.cache
def _distribution(kind: str) -> Array:
    """Return the Taylor coefficients of the normal distribution function at each knot, `(terms, knots)`, in steps of a knot."""
    knots = np.arange(-int(_END * _KNOTS), int(_END * _KNOTS) + 1) / _KNOTS
    # Derivatives: the density and its own, by the recurrence of Hermite polynomials.
    found = [
        np.array([math.erfc(-x / math.sqrt(2)) / 2 for x in knots]),
        np.exp(-knots * knots / 2) / math.sqrt(2 * math.pi),
    ]
    num_terms = 4 if kind == "f" else 8
    for n in range(1, num_terms - 1):
        found.append(-knots * found[n] - (n - 1) * found[n - 1])
    return np.array([d / math.factorial(n) / _KNOTS**n for n, d in enumerate(found)]).astype(kind)


def unit(x: Array) -> Array:
    """Each row with length 1; zeros stay zeros."""
    length = np.sqrt(np.einsum("rd,rd->r", x, x))[:, None]
    return np.asarray(x / np.maximum(length, x.dtype.type(1e-12)))


class Segments:
    """Which rows belong together. Rows may stand in any order, and a segment may have none.

    Args:
        segment: `(rows,)`, the number of each row's segment.
    """

    def __init__(self, segment: Indices, count: int) -> None:
        self.segment = segment
        self.count = count
        self.is_plain = len(segment) == count and bool((segment == np.arange(count)).all())
        """Whether each segment is the row of its number."""
        if self.is_plain:
            return
        is_sorted = bool((segment[1:] >= segment[:-1]).all())
        self._order = None if is_sorted else np.argsort(segment, kind="stable")
        ordered = segment if self._order is None else segment[self._order]
        self._starts = (
            np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(ordered) else ordered
        )
        self._present = ordered[self._starts]

    def _reduced(self, operation: np.ufunc, rows: Array) -> Array:
        out = np.zeros((self.count, *rows.shape[1:]), rows.dtype)
        if len(rows):
            out[self._present] = operation.reduceat(rows if self._order is None else rows[self._order], self._starts)
        return out

    def sum(self, rows: Array) -> Array:
        """`(rows, dim) -> (segments, dim)`; zeros for a segment without rows."""
        return rows if self.is_plain else self._reduced(np.add, rows)

    def max(self, rows: Array) -> Array:
        return rows if self.is_plain else self._reduced(np.maximum, rows)

    def softmax(self, scores: Array) -> Array:
        """Softmax over the rows of each segment, columns apart."""
        if self.is_plain:
            return np.exp(scores - scores)  # 1, and of what is not finite NaN
        weight = np.exp(scores - self.max(scores)[self.segment])
        weight /= self.sum(weight)[self.segment]
        return weight


def softmax_within(scores: Array, segment: Indices, count: int) -> Array:
    """Softmax of `(rows,)` over the rows of each segment, which may stand in any order."""
    largest = np.full(count, -np.inf, scores.dtype)
    np.maximum.at(largest, segment, scores)
    weight: Array = np.exp(scores - largest[segment])
    weight /= np.bincount(segment, weight, minlength=count).astype(scores.dtype)[segment]
    return weight


def softmax(scores: Array) -> Array:
    """Softmax over the last axis, in place."""
    scores -= scores.max(-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(-1, keepdims=True)
    return scores


def pooled(rows: Array, index: Indices, offsets: Indices, weight: Array) -> Array:
    """Return for each bag the weighted sum of its rows: bag i has the rows `index[offsets[i]:offsets[i + 1]]`.

    Memory does not grow with the number of positions: long bags count their rows, short ones are gathered in parts; few bags of
    few rows are one product.

    Shapes:
        rows: `(U, dim)`; index, weight: `(P,)`; offsets: `(bags + 1,)`; output: `(bags, dim)`.
    """
    lengths = offsets[1:] - offsets[:-1]
    size = len(lengths) * len(rows)
    if size <= _MAX_DENSE:
        span = slice(offsets[0], offsets[-1])
        cell = (np.arange(len(lengths)) * len(rows)).repeat(lengths) + index[span]
        weights = np.bincount(cell, weight[span], minlength=size)
        return np.asarray(weights.reshape(len(lengths), len(rows)).astype(rows.dtype) @ rows)
    out = np.zeros((len(lengths), rows.shape[1]), rows.dtype)
    for bag in np.flatnonzero(lengths > _LONG):
        span = slice(offsets[bag], offsets[bag + 1])
        out[bag] = np.bincount(index[span], weight[span], minlength=len(rows)).astype(rows.dtype) @ rows
    short = np.flatnonzero((lengths > 0) & (lengths <= _LONG))
    part = np.cumsum(lengths[short]) // _MAX_GATHERED
    for number in range(int(part[-1]) + 1 if len(part) else 0):
        bags = short[part == number]
        if not len(bags):
            continue
        sizes = lengths[bags]
        first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        position = np.repeat(offsets[bags] - first, sizes) + np.arange(sizes.sum())
        gathered = rows[index[position]]
        gathered *= weight[position, None]
        out[bags] = np.add.reduceat(gathered, first)
    return out
