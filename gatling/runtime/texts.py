"""Texts to vectors, the lexical channel and the readout: what both encoders share (`encoders/text.py`, `encoders/base.py`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gatling.features.text import TextBatch
from gatling.runtime.arrays import (
    Array,
    Indices,
    Segments,
    Weights,
    gelu,
    layer_norm,
    linear,
    pooled,
    softmax_within,
    unit,
)


@dataclass(frozen=True, slots=True)
class TextArrays:
    batch: TextBatch[np.ndarray]
    lexical: Array
    """`(U, F)`, or `(U, D)` where words are projected: what stands for each word in the lexical channel."""
    vectors: Array
    """`(X, H)`."""
    lexical_weight: Array
    """`(P,)`."""


def encoded_texts(batch: TextBatch[np.ndarray], hidden_dim: int) -> TextArrays:
    """Encode the distinct texts of a batch that was joined with the rows of `KnownWords`."""
    vectors = batch.word_vectors
    lexical, words, scores = vectors[:, : -hidden_dim - 2], vectors[:, -hidden_dim - 2 : -2], vectors[:, -2:]
    text_of = np.arange(batch.num_texts).repeat(batch.offsets[1:] - batch.offsets[:-1])
    weight = Segments(text_of, batch.num_texts).softmax(scores[batch.word_index])  # (P, 2)
    vectors = pooled(words, batch.word_index, batch.offsets, weight[:, 0])
    return TextArrays(batch, lexical, vectors, weight[:, 1])


def of_texts(texts: TextArrays, index: Indices, weights: Weights, name: str) -> Array:
    """Return what a linear layer makes of the texts at some places, `(places, out)`. It runs on texts or on places, whichever are
    fewer."""
    if len(index) < len(texts.vectors):
        return linear(texts.vectors[index], weights, name)
    return linear(texts.vectors, weights, name)[index]


def lexical_latent(
    texts: TextArrays,
    text: Indices,
    scores: Array,
    sample: Indices,
    num_records: int,
    weights: Weights,
    sign: Array | None = None,
) -> Array:
    """Average the words of each record under given scores and project them to the latent space. Returns: `(B, D)`.

    Args:
        text, scores, sample, sign: `(rows,)`, one per occurrence of a text in a record. Records may share texts.
    """
    batch = texts.batch
    lengths = batch.offsets[1:] - batch.offsets[:-1]
    scores = scores + np.log(np.maximum(lengths[text], 1)).astype(scores.dtype)
    weight = softmax_within(scores, sample, num_records)
    if sign is not None:
        weight = weight * sign
    # Occurrences of a text in a record add up to one weight, so words are pooled once for each.
    pairs, which = np.unique(sample * batch.num_texts + text, return_inverse=True)
    summed = np.bincount(which, weight)
    record, text = np.divmod(pairs, batch.num_texts)
    lengths = lengths[text]
    ends = np.concatenate([[0], np.cumsum(lengths)])
    position = (batch.offsets[text] - ends[:-1]).repeat(lengths) + np.arange(ends[-1])
    words = pooled(
        texts.lexical,
        batch.word_index[position],
        ends[np.searchsorted(record, np.arange(num_records + 1))],
        (summed.repeat(lengths) * texts.lexical_weight[position]).astype(scores.dtype),
    )
    if words.shape[1] == weights["lexical_pool.project.weight"].shape[1]:
        return unit(linear(words, weights, "lexical_pool.project"))
    return unit(words + weights["lexical_pool.project.bias"])


def readout(rows: Array, sample: Indices, num_records: int, num_heads: int, weights: Weights) -> Array:
    """Pool the rows of each record: attention with learned scores, and the maximum. Returns: `(B, D)`."""
    rows = layer_norm(rows, weights, "readout.norm")
    segments = Segments(sample, num_records)
    if segments.is_plain:  # a record of one row is attended to in full, and is its own maximum
        return unit(linear(rows, weights, "readout.project_twice"))
    weight = segments.softmax(linear(rows, weights, "readout.scores"))  # (rows, N)
    attended = segments.sum(by_head(rows, weight, num_heads))
    return unit(linear(np.concatenate([attended, segments.max(rows)], axis=1), weights, "readout.project"))


def by_head(rows: Array, weight: Array, num_heads: int) -> Array:
    """Return the rows with each head's part multiplied by its weight: `(rows, H)` from `(rows, H)` and `(rows, N)`."""
    parts = rows.reshape(len(rows), num_heads, rows.shape[1] // num_heads) * weight[:, :, None]
    return parts.reshape(rows.shape)


def feed_forward(x: Array, weights: Weights, name: str) -> Array:
    """Pre-norm, two linear layers with a GELU between."""
    x = layer_norm(x, weights, f"{name}.feed_forward_norm")
    return linear(gelu(linear(x, weights, f"{name}.feed_forward.0")), weights, f"{name}.feed_forward.2")


def combine(deep: Array, lexical: Array, weights: Weights) -> Array:
    """Join the two unit vectors of a record into its latent, of length 1."""
    return unit(deep * np.exp(weights["log_mix"]) + lexical)
