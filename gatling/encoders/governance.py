"""GovernanceEncoder: (policy, role, session) -> z_g.

- A transformer over the nodes of the context's JSON tree. Attention is sparse along the tree, a quarter of the heads
  each: ancestors, children, siblings, and all three. Every token also sees itself and the global tokens (the root and the
  sections policy, session, role), and those see everything in their block: the structure of ETC (Ainslie et al., 2020)
  on the masks of StructFormer.
- Tokens are packed: linear layers see no padding. Attention runs on blocks of at most 128 tokens (features/policy.py);
  what stands in several blocks averages what it read in each. Cost is linear in the number of tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from gatling.encoders.base import Encoder, FeedForward, Readout
from gatling.encoders.segments import at_least_fp32
from gatling.encoders.tensors import as_tensors
from gatling.encoders.text import LexicalPool, TextEncoder
from gatling.features.backbone import DEFAULT_BACKBONE
from gatling.features.policy import (
    MAX_DEPTH_FEATURE,
    NUM_EFFECTS,
    NUM_KINDS,
    NUM_SECTIONS,
    NUM_TOKEN_VALUES,
    AttentionBlocks,
    ContextFeatures,
    PolicyBatch,
    context_features,
)
from gatling.schema import GovernanceContext, parse_context

NUM_RELATIONS = 4
SESSION_SCORE = 4.0


def tree_mask(blocks: AttentionBlocks[Tensor]) -> Bool[Tensor, "G 4 L L"]:
    """Which key (last axis) a query sees: along ancestors, children, siblings, and all three."""
    query, key = blocks.index[:, :, None], blocks.index[:, None, :]
    is_valid = key >= 0
    ancestor = (key < query) & (query < blocks.end[:, None, :])
    child = blocks.parent[:, None, :] == query
    sibling = blocks.parent[:, :, None] == blocks.parent[:, None, :]
    always = (query == key) | blocks.is_global[:, :, None] | blocks.is_global[:, None, :] | (query < 0)
    relations = torch.stack([ancestor, child, sibling, ancestor | child | sibling], dim=1)
    return (relations | always[:, None]) & is_valid[:, None]


@dataclass(frozen=True, slots=True)
class _NodeGroup:
    """Attention blocks of one size, ready for use in every layer."""

    index: Int[Tensor, "G L"]
    """Token of the batch; any token where the block is shorter."""
    mask: Float[Tensor, "G N L L"]
    tokens: Int[Tensor, " GL"]
    """Token of the batch; -1 where the block is shorter."""


@dataclass(frozen=True, slots=True)
class _Merge:
    """Brings what the rows of all blocks have read back to the tokens: the mean over the rows of a token."""

    first: Int[Tensor, " T"]
    """One row of each token."""
    rows: Int[Tensor, " R"]
    """All rows of the tokens that stand in several blocks."""
    tokens: Int[Tensor, " R"]
    """The token of each of them."""
    share: Float[Tensor, "T 1"]
    """1 / number of rows of a token."""

    @classmethod
    def of(cls, groups: list[_NodeGroup], num_tokens: int) -> _Merge:
        tokens = torch.cat([group.tokens for group in groups])  # (rows,)
        rows = torch.nonzero(tokens >= 0).squeeze(1)
        tokens = tokens[rows]
        count = torch.bincount(tokens, minlength=num_tokens)
        first = torch.empty_like(count).index_copy_(0, tokens.flip(0), rows.flip(0))
        extra = (count[tokens] > 1) & (rows != first[tokens])
        return cls(first, rows[extra], tokens[extra], (1 / count.double())[:, None])

    def __call__(self, read: Float[Tensor, "rows H"]) -> Float[Tensor, "T H"]:
        merged = read.index_select(0, self.first)
        if not len(self.rows):
            return merged
        return merged.index_add(0, self.tokens, read.index_select(0, self.rows)) * self.share.to(read.dtype)


class TreeAttention(nn.Module):
    """Multi-head attention within blocks. `(T, H) -> (T, H)`."""

    def __init__(self, hidden_dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(hidden_dim, 3 * hidden_dim)
        self.out = nn.Linear(hidden_dim, hidden_dim)

    def forward(self, x: Float[Tensor, "T H"], groups: list[_NodeGroup], merge: _Merge) -> Float[Tensor, "T H"]:
        qkv = self.qkv(x)  # (T, 3H)
        parts = []
        for group in groups:
            num_blocks, length = group.index.shape
            q, k, v = (
                qkv.index_select(0, group.index.flatten())
                .view(num_blocks, length, 3, self.num_heads, -1)
                .permute(2, 0, 3, 1, 4)
            )
            attended = F.scaled_dot_product_attention(q, k, v, attn_mask=group.mask.to(q.dtype))  # (G, N, L, H / N)
            parts.append(attended.transpose(1, 2).flatten(2).flatten(0, 1))  # (G * L, H)
        out: Tensor = self.out(merge(torch.cat(parts) if len(parts) > 1 else parts[0]))
        return out


class GovernanceLayer(nn.Module):
    """Pre-norm attention and feed-forward with residuals."""

    def __init__(self, hidden_dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(hidden_dim)
        self.attention = TreeAttention(hidden_dim, num_heads)
        self.feed_forward_norm = nn.LayerNorm(hidden_dim)
        self.feed_forward = FeedForward(hidden_dim, dropout)

    def forward(self, x: Float[Tensor, "T H"], groups: list[_NodeGroup], merge: _Merge) -> Float[Tensor, "T H"]:
        x = x + self.attention(self.attention_norm(x), groups, merge)
        update: Tensor = self.feed_forward(self.feed_forward_norm(x))
        return x + update


class GovernanceEncoder(Encoder[GovernanceContext, ContextFeatures, PolicyBatch[Tensor]]):
    """Map governance contexts to latents: `(policy, user_role, session_context) -> z_g`.

    Args: see `Encoder`; `num_heads` is a multiple of 4.

    Shapes:
        input: a `PolicyBatch` of B contexts.
        output: `(B, D)`, each row of length 1.
    """

    num_heads_multiple = NUM_RELATIONS

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
        self.key = nn.Linear(hidden_dim, hidden_dim)
        self.value = nn.Linear(hidden_dim, hidden_dim, bias=False)
        self.typed = nn.Linear(NUM_TOKEN_VALUES, hidden_dim, bias=False)
        self.codes = nn.ModuleList(
            nn.Embedding(n, hidden_dim) for n in (NUM_KINDS, NUM_SECTIONS, NUM_EFFECTS, MAX_DEPTH_FEATURE + 1)
        )
        self.input_norm = nn.LayerNorm(hidden_dim)
        self.layers = nn.ModuleList(GovernanceLayer(hidden_dim, num_heads, dropout) for _ in range(num_layers))
        self.readout = Readout(hidden_dim, latent_dim, num_heads)
        self.lexical_scores = nn.Linear(hidden_dim, 2)
        # What was asked tells the plans of one policy apart, so its words start with more weight than the policy's.
        self.section_score = nn.Parameter(torch.tensor([0.0, 0.0, SESSION_SCORE, 0.0]))
        # A plan with the words of a forbidden operation starts further from the context, not nearer.
        self.effect_sign = nn.Parameter(torch.tensor([1.0, 1.0, -1.0]))
        self.lexical_pool = LexicalPool(latent_dim, self.backbone)

    def forward(self, batch: PolicyBatch[Tensor]) -> Float[Tensor, "B D"]:
        texts = self.text(batch.texts)
        text = texts.vectors
        x = self.key(text).index_select(0, batch.key_text) + self.value(text).index_select(0, batch.value_text)
        x = x + self.typed(batch.values)
        for column, embedding in enumerate(self.codes):
            x = x + embedding(batch.codes[:, column])
        x = self.input_norm(at_least_fp32(x))  # (T, H)

        groups = [self._group(blocks) for blocks in batch.blocks]
        merge = _Merge.of(groups, x.shape[0])
        for layer in self.layers:
            x = layer(x, groups, merge)

        scores = at_least_fp32(self.lexical_scores(x))  # (T, 2): for the token's key and for its value
        scores = scores + self.section_score[batch.codes[:, 1], None]
        lexical_latent = self.lexical_pool(
            texts,
            torch.cat([batch.key_text, batch.value_text]),
            scores.T.flatten(),
            batch.sample.repeat(2),
            self.effect_sign[batch.codes[:, 2]].repeat(2),
        )
        return self.combine(self.readout(x, batch.sample, batch.num_contexts), lexical_latent)

    def _group(self, blocks: AttentionBlocks[Tensor]) -> _NodeGroup:
        mask = tree_mask(blocks).repeat_interleave(self.hparams["num_heads"] // NUM_RELATIONS, dim=1)
        return _NodeGroup(
            index=blocks.index.clamp(min=0),
            mask=self.section_score.new_zeros(mask.shape).masked_fill(~mask, -torch.inf),
            tokens=blocks.index.flatten(),
        )

    def features(self, record: GovernanceContext | dict[str, Any]) -> ContextFeatures:
        return context_features(parse_context(record))

    def collate(self, features: Sequence[ContextFeatures]) -> PolicyBatch[Tensor]:
        return as_tensors(PolicyBatch.collate(list(features), self.backbone))

    def size(self, features: ContextFeatures) -> int:
        return features.num_tokens
