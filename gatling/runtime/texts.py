"""Texts to vectors, the lexical channel and the readout: what both encoders share (`encoders/text.py`, `encoders/base.py`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gatling.features.text import TextBatch
from gatling.runtime.arrays import Array, Indices, Segments, Weights, gelu, layer_norm, linear, pooled, unit


@dataclass(frozen=True, slots=True)
class TextArrays:
    batch: TextBatch[np.ndarray]
    word_vectors: Array
    """`(U, F)`, in the precision that is computed in."""
    vectors: Array
    """`(X, H)`."""
    text_of: Indices
    """`(P,)`: the text of each word position."""
    lexical_weight: Array
    """`(P,)`."""


def encoded_texts(batch: TextBatch[np.ndarray], weights: Weights) -> TextArrays:
    """Encode the distinct texts of a batch."""
    word_vectors = batch.word_vectors.astype(weights["text.word.0.weight"].dtype, copy=False)
    words = linear(gelu(linear(word_vectors, weights, "text.word.0")), weights, "text.word.2")  # (U, H)
    text_of = np.repeat(np.arange(batch.num_texts), np.diff(batch.offsets))
    scores = linear(words, weights, "text.weights")[batch.word_index]  # (P, 2)
    weight = Segments(text_of, batch.num_texts).softmax(scores)
    vectors = pooled(words, batch.word_index, batch.offsets, weight[:, 0])
    return TextArrays(batch, word_vectors, vectors, text_of, weight[:, 1])


def lexical_latent(
    texts: TextArrays, text: Indices, scores: Array, sample: Indices, weights: Weights, sign: Array | None = None
) -> Array:
    """Average the words of each record under given scores and project them to the latent space. Returns: `(B, D)`."""
    batch = texts.batch
    num_words = np.maximum(np.diff(batch.offsets)[text], 1)
    scores = scores + np.log(num_words).astype(scores.dtype)
    weight = Segments(sample, batch.num_records).softmax(scores[:, None])[:, 0]
    if sign is not None:
        weight = weight * sign
    per_text = np.bincount(text, weight, minlength=batch.num_texts).astype(scores.dtype)
    ends = np.append(batch.record_offsets, len(batch.word_index))
    words = pooled(texts.word_vectors, batch.word_index, ends, per_text[texts.text_of] * texts.lexical_weight)
    return unit(linear(words, weights, "lexical_pool.project"))


def readout(rows: Array, sample: Indices, num_records: int, num_heads: int, weights: Weights) -> Array:
    """Pool the rows of each record: attention with learned scores, and the maximum. Returns: `(B, D)`."""
    rows = layer_norm(rows, weights, "readout.norm")
    segments = Segments(sample, num_records)
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
