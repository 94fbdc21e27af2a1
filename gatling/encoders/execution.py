"""ExecutionEncoder: (plan graph, provenance) -> z_e.

- A node is its tool's words, its argument leaves under attention (path, value, kind), its provenance tier, and its
  scope. Edges are read in both directions and typed by direction and by the tiers at both ends, so attention knows
  whether data comes from an untrusted node.
- Layers are GATv2 (Brody, Alon, Yahav, 2022) with edge features, then feed-forward, pre-norm with residuals. Nothing
  depends on node ids or on any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from gatling.encoders.base import Encoder, FeedForward, Readout
from gatling.encoders.segments import at_least_fp32, segment_softmax, segment_sum
from gatling.encoders.tensors import as_tensors
from gatling.encoders.text import LexicalPool, TextEncoder
from gatling.features.backbone import DEFAULT_BACKBONE
from gatling.features.plan import (
    NUM_LEAF_VALUES,
    NUM_NODE_VALUES,
    NUM_SENSITIVITIES,
    NUM_TIERS,
    PlanBatch,
    PlanFeatures,
    plan_features,
)
from gatling.features.policy import NUM_KINDS
from gatling.runtime.shapes import EDGE_DIM
from gatling.schema import ExecutionPlan, parse_plan

_SELF, _FORWARD, _BACKWARD = 0, 1, 2


class GATv2(nn.Module):
    """Graph attention with edge features.

    For an edge from j to i with feature e: score = a . LeakyReLU(W_s x_j + W_t x_i + W_e e), softmax over the edges that
    enter i, output_i = sum of alpha W_s x_j, heads apart and concatenated, plus a bias.

    Shapes:
        x: `(V, H)`; edges: `(2, E)`, row 0 the sources; edge_features: `(E, F)`; output: `(V, H)`. A node that no edge
        enters gets the bias, so callers add self-loops.
    """

    def __init__(self, hidden_dim: int, num_heads: int, edge_dim: int, negative_slope: float = 0.2) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.negative_slope = negative_slope
        self.source = nn.Linear(hidden_dim, hidden_dim)
        self.target = nn.Linear(hidden_dim, hidden_dim)
        self.edge = nn.Linear(edge_dim, hidden_dim, bias=False)
        self.attention = nn.Parameter(torch.empty(num_heads, hidden_dim // num_heads))
        self.bias = nn.Parameter(torch.zeros(hidden_dim))
        nn.init.xavier_uniform_(self.attention)

    def forward(
        self, x: Float[Tensor, "V H"], edges: Int[Tensor, "2 E"], edge_features: Float[Tensor, "E F"]
    ) -> Float[Tensor, "V H"]:
        source = self.source(x).index_select(0, edges[0])  # (E, H)
        mixed = source + self.target(x).index_select(0, edges[1]) + self.edge(edge_features)
        mixed = at_least_fp32(F.leaky_relu(mixed, self.negative_slope).unflatten(1, (self.num_heads, -1)))
        alpha = segment_softmax((mixed * self.attention).sum(-1), edges[1], x.shape[0])  # (E, N)
        message = at_least_fp32(source).unflatten(1, (self.num_heads, -1)) * alpha[:, :, None]
        return segment_sum(message.flatten(1), edges[1], x.shape[0]) + self.bias


class ExecutionLayer(nn.Module):
    """Pre-norm graph attention and feed-forward with residuals."""

    def __init__(self, hidden_dim: int, num_heads: int, edge_dim: int, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(hidden_dim)
        self.attention = GATv2(hidden_dim, num_heads, edge_dim)
        self.feed_forward_norm = nn.LayerNorm(hidden_dim)
        self.feed_forward = FeedForward(hidden_dim, dropout)

    def forward(
        self, x: Float[Tensor, "V H"], edges: Int[Tensor, "2 E"], edge_features: Float[Tensor, "E F"]
    ) -> Float[Tensor, "V H"]:
        x = x + self.attention(self.attention_norm(x), edges, edge_features)
        update: Tensor = self.feed_forward(self.feed_forward_norm(x))
        return x + update


class ExecutionEncoder(Encoder[ExecutionPlan, PlanFeatures, PlanBatch[Tensor]]):
    """Map execution plans to latents: `(plan_graph, provenance_metadata) -> z_e`.

    Args: see `Encoder`.

    Shapes:
        input: a `PlanBatch` of B plans.
        output: `(B, D)`, each row of length 1.
    """

    def __init__(
        self,
        latent_dim: int = 1024,
        hidden_dim: int = 512,
        *,
        num_layers: int = 2,
        num_heads: int = 8,
        dropout: float = 0.1,
        word_table: bool = True,
        backbone: str = DEFAULT_BACKBONE,
        energy_mix: float = 0.0,
    ) -> None:
        super().__init__(
            latent_dim=latent_dim,
            hidden_dim=hidden_dim,
            num_layers=num_layers,
            num_heads=num_heads,
            dropout=dropout,
            word_table=word_table,
            backbone=backbone,
            energy_mix=energy_mix,
        )
        self.text = TextEncoder(hidden_dim, self.backbone)
        self.tool = nn.Linear(hidden_dim, hidden_dim)
        self.tier = nn.Embedding(NUM_TIERS, hidden_dim)
        self.sensitivity = nn.Embedding(NUM_SENSITIVITIES, hidden_dim)
        self.node_typed = nn.Linear(NUM_NODE_VALUES, hidden_dim, bias=False)
        self.path = nn.Linear(hidden_dim, hidden_dim)
        self.value = nn.Linear(hidden_dim, hidden_dim, bias=False)
        self.kind = nn.Embedding(NUM_KINDS, hidden_dim)
        self.leaf_typed = nn.Linear(NUM_LEAF_VALUES, hidden_dim, bias=False)
        self.leaf_norm = nn.LayerNorm(hidden_dim)
        self.leaf_scores = nn.Linear(hidden_dim, num_heads)
        self.leaf_out = nn.Linear(hidden_dim, hidden_dim)
        self.input_norm = nn.LayerNorm(hidden_dim)
        self.edge_argument = nn.Linear(hidden_dim, EDGE_DIM, bias=False)
        self.edge_type = nn.Embedding(3 * NUM_TIERS * NUM_TIERS, EDGE_DIM)
        self.layers = nn.ModuleList(ExecutionLayer(hidden_dim, num_heads, EDGE_DIM, dropout) for _ in range(num_layers))
        self.readout = Readout(hidden_dim, latent_dim, num_heads)
        self.tool_score = nn.Linear(hidden_dim, 1)
        self.leaf_lexical_scores = nn.Linear(hidden_dim, 2)
        self.lexical_pool = LexicalPool(latent_dim, self.backbone)

    def forward(self, batch: PlanBatch[Tensor]) -> Float[Tensor, "B D"]:
        texts = self.text(batch.texts)
        text = texts.vectors
        num_nodes = batch.tool_text.shape[0]
        tier, sensitivity = batch.node_codes.T
        tool = self.tool(text).index_select(0, batch.tool_text)  # (V, H)

        leaf = self.path(text).index_select(0, batch.leaf_path_text)
        leaf = leaf + self.value(text).index_select(0, batch.leaf_value_text)
        leaf = leaf + self.kind(batch.leaf_kind) + self.leaf_typed(batch.leaf_values)
        leaf = leaf + tool.index_select(0, batch.leaf_node)
        leaf = F.gelu(self.leaf_norm(at_least_fp32(leaf)))  # (A, H)
        weight = segment_softmax(self.leaf_scores(leaf), batch.leaf_node, num_nodes)  # (A, N)
        per_head = leaf.unflatten(1, (self.hparams["num_heads"], -1)) * weight[:, :, None]
        arguments = self.leaf_out(segment_sum(per_head.flatten(1), batch.leaf_node, num_nodes))  # (V, H)

        x = tool + arguments + self.tier(tier) + self.sensitivity(sensitivity) + self.node_typed(batch.node_values)
        x = self.input_norm(at_least_fp32(x))  # (V, H)
        edges, edge_type = _both_directions(batch.edges, tier)
        argument = at_least_fp32(self.edge_argument(text)).index_select(0, batch.edge_text)  # (E, edge_dim)
        loops = argument.new_zeros(num_nodes, argument.shape[1])
        edge_features = self.edge_type(edge_type) + torch.cat([argument, argument, loops])
        for layer in self.layers:
            x = layer(x, edges, edge_features)

        leaf_scores = self.leaf_lexical_scores(leaf + x.index_select(0, batch.leaf_node))
        leaf_scores = at_least_fp32(leaf_scores)  # (A, 2): for path and value
        leaf_sample = batch.sample[batch.leaf_node]
        lexical_latent = self.lexical_pool(
            texts,
            torch.cat([batch.tool_text, batch.leaf_path_text, batch.leaf_value_text]),
            torch.cat([at_least_fp32(self.tool_score(x)).squeeze(1), leaf_scores[:, 0], leaf_scores[:, 1]]),
            torch.cat([batch.sample, leaf_sample, leaf_sample]),
        )
        return self.combine(self.readout(x, batch.sample, batch.num_plans), lexical_latent)

    def features(self, record: ExecutionPlan | dict[str, Any]) -> PlanFeatures:
        return plan_features(parse_plan(record))

    def collate(self, features: Sequence[PlanFeatures]) -> PlanBatch[Tensor]:
        return as_tensors(PlanBatch.collate(list(features), self.backbone))

    def size(self, features: PlanFeatures) -> int:
        return features.size


def _both_directions(edges: Int[Tensor, "2 E"], tier: Int[Tensor, " V"]) -> tuple[Tensor, Tensor]:
    """Add reversed edges and self-loops; type each by direction and by the tiers of its ends."""
    loops = torch.arange(tier.shape[0], device=edges.device).expand(2, -1)
    both = torch.cat([edges, edges.flip(0), loops], dim=1)
    direction = torch.cat(
        [
            torch.full_like(edges[0], _FORWARD),
            torch.full_like(edges[0], _BACKWARD),
            torch.full_like(loops[0], _SELF),
        ]
    )
    return both, (direction * NUM_TIERS + tier[both[0]]) * NUM_TIERS + tier[both[1]]
