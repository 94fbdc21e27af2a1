"""`(plan graph, provenance) -> z_e` on arrays: see `encoders/execution.py`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gatling.features.plan import NUM_TIERS, PlanBatch
from gatling.runtime.arrays import Array, Indices, Segments, Weights, gelu, layer_norm, linear
from gatling.runtime.texts import (
    TextArrays,
    by_head,
    combine,
    encoded_texts,
    feed_forward,
    lexical_latent,
    of_texts,
    readout,
)

_SELF, _FORWARD, _BACKWARD = 0, 1, 2
_NEGATIVE_SLOPE = 0.2


def execution_latents(batch: PlanBatch[np.ndarray], weights: Weights, num_layers: int, num_heads: int) -> Array:
    """Return z_e of every plan of a batch, `(B, D)`."""
    texts = encoded_texts(batch.texts, len(weights["input_norm.bias"]))
    num_nodes = len(batch.tool_text)
    tier, sensitivity = batch.node_codes.T
    tool = of_texts(texts, batch.tool_text, weights, "tool")  # (V, H)

    leaf = of_texts(texts, batch.leaf_path_text, weights, "path")
    leaf += of_texts(texts, batch.leaf_value_text, weights, "value")
    leaf += weights["kind.weight"][batch.leaf_kind]
    leaf += linear(batch.leaf_values.astype(tool.dtype, copy=False), weights, "leaf_typed")
    leaf += tool[batch.leaf_node]
    leaf = gelu(layer_norm(leaf, weights, "leaf_norm"))  # (A, H)
    of_node = Segments(batch.leaf_node, num_nodes)
    weight = of_node.softmax(linear(leaf, weights, "leaf_scores"))  # (A, N)
    arguments = linear(of_node.sum(by_head(leaf, weight, num_heads)), weights, "leaf_out")  # (V, H)

    x = tool + arguments + weights["tier.weight"][tier] + weights["sensitivity.weight"][sensitivity]
    x += linear(batch.node_values.astype(tool.dtype, copy=False), weights, "node_typed")
    x = layer_norm(x, weights, "input_norm")  # (V, H)
    edges = None if not batch.edges.shape[1] else _Edges.of(batch, tier, texts, weights)
    for i in range(num_layers):
        name = f"layers.{i}"
        normed = layer_norm(x, weights, f"{name}.attention_norm")
        x = x + _attended(normed, edges, num_heads, weights, f"{name}.attention")
        x = x + feed_forward(x, weights, name)

    leaf_scores = linear(leaf + x[batch.leaf_node], weights, "leaf_lexical_scores")  # (A, 2): for path and value
    leaf_sample = batch.sample[batch.leaf_node]
    lexical = lexical_latent(
        texts,
        np.concatenate([batch.tool_text, batch.leaf_path_text, batch.leaf_value_text]),
        np.concatenate([linear(x, weights, "tool_score")[:, 0], leaf_scores[:, 0], leaf_scores[:, 1]]),
        np.concatenate([batch.sample, leaf_sample, leaf_sample]),
        batch.num_plans,
        weights,
    )
    return combine(readout(x, batch.sample, batch.num_plans, num_heads, weights), lexical, weights)


@dataclass(frozen=True, slots=True)
class _Edges:
    """Edges in both directions and from each node to itself, E of them; the same in every layer."""

    ends: Indices
    """`(2, E)`."""
    features: Array
    """`(E, edge_dim)`."""
    into: Segments

    @classmethod
    def of(cls, batch: PlanBatch[np.ndarray], tier: Indices, texts: TextArrays, weights: Weights) -> _Edges:
        num_nodes = len(tier)
        ends, edge_type = _both_directions(batch.edges, tier)
        argument = of_texts(texts, batch.edge_text, weights, "edge_argument")
        loops = np.zeros((num_nodes, argument.shape[1]), argument.dtype)
        features = weights["edge_type.weight"][edge_type] + np.concatenate([argument, argument, loops])
        return cls(ends, features, Segments(ends[1], num_nodes))


def _attended(x: Array, edges: _Edges | None, num_heads: int, weights: Weights, name: str) -> Array:
    """GATv2 with edge features. `(V, H) -> (V, H)`."""
    source = linear(x, weights, f"{name}.source")
    bias = weights[f"{name}.bias"]
    if edges is None:  # each node attends to itself in full
        return source + bias
    source = source[edges.ends[0]]  # (E, H)
    mixed = linear(x, weights, f"{name}.target")[edges.ends[1]]
    mixed += source
    mixed += linear(edges.features, weights, f"{name}.edge")
    mixed = np.where(mixed < 0, mixed * mixed.dtype.type(_NEGATIVE_SLOPE), mixed)
    by_heads = mixed.reshape(len(mixed), num_heads, -1)
    alpha = edges.into.softmax(np.einsum("end,nd->en", by_heads, weights[f"{name}.attention"]))  # (E, N)
    return edges.into.sum(by_head(source, alpha, num_heads)) + bias


def _both_directions(edges: Indices, tier: Indices) -> tuple[Indices, Indices]:
    """Add reversed edges and self-loops; type each by direction and by the tiers of its ends."""
    loops = np.tile(np.arange(len(tier)), (2, 1))
    both = np.concatenate([edges, edges[::-1], loops], axis=1)
    direction = np.repeat([_FORWARD, _BACKWARD, _SELF], [edges.shape[1], edges.shape[1], len(tier)])
    return both, (direction * NUM_TIERS + tier[both[0]]) * NUM_TIERS + tier[both[1]]
