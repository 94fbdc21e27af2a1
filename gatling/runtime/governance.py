"""`(policy, role, session) -> z_g` on arrays: see `encoders/governance.py`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gatling.features.policy import AttentionBlocks, PolicyBatch
from gatling.runtime.arrays import Array, Indices, Segments, Weights, layer_norm, linear, softmax
from gatling.runtime.texts import combine, encoded_texts, feed_forward, lexical_latent, of_texts, readout

NUM_RELATIONS = 4


def governance_latents(batch: PolicyBatch[np.ndarray], weights: Weights, num_layers: int, num_heads: int) -> Array:
    """Return z_g of every context of a batch, `(B, D)`."""
    texts = encoded_texts(batch.texts, len(weights["input_norm.bias"]))
    x = of_texts(texts, batch.key_text, weights, "key")
    x += of_texts(texts, batch.value_text, weights, "value")
    x += linear(batch.values.astype(x.dtype, copy=False), weights, "typed")
    for column in range(batch.codes.shape[1]):
        x += weights[f"codes.{column}.weight"][batch.codes[:, column]]
    x = layer_norm(x, weights, "input_norm")  # (T, H)

    attention = _Attention.of(batch.blocks, len(x), num_heads)
    for i in range(num_layers):
        name = f"layers.{i}"
        x = x + attention(layer_norm(x, weights, f"{name}.attention_norm"), weights, f"{name}.attention")
        x = x + feed_forward(x, weights, name)

    scores = linear(x, weights, "lexical_scores") + weights["section_score"][batch.codes[:, 1], None]  # (T, 2)
    lexical = lexical_latent(
        texts,
        np.concatenate([batch.key_text, batch.value_text]),
        scores.T.ravel(),
        np.tile(batch.sample, 2),
        batch.num_contexts,
        weights,
        np.tile(weights["effect_sign"][batch.codes[:, 2]], 2),
    )
    return combine(readout(x, batch.sample, batch.num_contexts, num_heads, weights), lexical, weights)


@dataclass(frozen=True, slots=True)
class _Attention:
    """Multi-head attention within blocks; the same blocks in every layer."""

    groups: list[tuple[Indices, np.ndarray]]
    """Tokens of each group of blocks, `(G, L)`, and what sees what, `(G, N, L, L)` bool."""
    rows: Indices
    """The rows that are no padding, of all groups in order."""
    merge: Segments | None
    """Their tokens; None where each token stands in one block, in order."""
    share: Array
    """`(T, 1)`: 1 / number of rows of a token."""
    num_heads: int

    @classmethod
    def of(cls, blocks: list[AttentionBlocks[np.ndarray]], num_tokens: int, num_heads: int) -> _Attention:
        index = np.concatenate([group.index.ravel() for group in blocks])
        rows = np.flatnonzero(index >= 0)
        tokens = index[rows]
        groups = [(np.maximum(g.index, 0), np.repeat(tree_mask(g), num_heads // NUM_RELATIONS, axis=1)) for g in blocks]
        is_plain = len(tokens) == num_tokens and bool((tokens == np.arange(num_tokens)).all())
        merge = None if is_plain else Segments(tokens, num_tokens)
        return cls(groups, rows, merge, (1 / np.bincount(tokens, minlength=num_tokens))[:, None], num_heads)

    def __call__(self, x: Array, weights: Weights, name: str) -> Array:
        qkv = linear(x, weights, f"{name}.qkv")  # (T, 3H)
        parts = []
        for index, mask in self.groups:
            num_blocks, length = index.shape
            q, k, v = qkv[index].reshape(num_blocks, length, 3, self.num_heads, -1).transpose(2, 0, 3, 1, 4)
            scores = np.matmul(q, k.swapaxes(-1, -2))  # (G, N, L, L)
            scores *= scores.dtype.type(1 / math.sqrt(q.shape[-1]))
            scores[~mask] = -np.inf
            attended = np.matmul(softmax(scores), v)  # (G, N, L, H / N)
            parts.append(attended.swapaxes(1, 2).reshape(num_blocks * length, -1))
        read = (np.concatenate(parts) if len(parts) > 1 else parts[0])[self.rows]
        if self.merge is not None:
            read = self.merge.sum(read) * self.share.astype(read.dtype)
        return linear(read, weights, f"{name}.out")


def tree_mask(blocks: AttentionBlocks[np.ndarray]) -> np.ndarray:
    """Which key (last axis) a query sees, `(G, 4, L, L)` bool: along ancestors, children, siblings, and all three."""
    query, key = blocks.index[:, :, None], blocks.index[:, None, :]
    ancestor = (key < query) & (query < blocks.end[:, None, :])
    child = blocks.parent[:, None, :] == query
    sibling = blocks.parent[:, :, None] == blocks.parent[:, None, :]
    always = (query == key) | blocks.is_global[:, :, None] | blocks.is_global[:, None, :] | (query < 0)
    relations = np.stack([ancestor, child, sibling, ancestor | child | sibling], axis=1)
    return np.asarray((relations | always[:, None]) & (key >= 0)[:, None])
