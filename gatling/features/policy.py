"""Governance contexts to numbers: one token a JSON node, long texts also in parts.

- The context is read as one JSON tree with the three sections `policy`, `session_context` and `user_role` below the
  root, so role and session are encoded by the same means as the policy. The root and the three sections are the global
  tokens that every token of the context sees.
- Tokens stand in depth-first order. They are cut into blocks of at most `BLOCK_TOKENS`; a block also holds the global
  tokens and the ancestors of its tokens. Siblings in different blocks meet through those. The cost is linear in the
  number of tokens; most contexts are a single block. Blocks are batched by size, and all other
  layers work on packed tokens without padding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Generic

import numpy as np

from gatling.errors import InputError
from gatling.features.backbone import Backbone
from gatling.features.text import ArrayT, TextBatch, Texts, TextTable, WordRows
from gatling.policy import Effect, Kind, PolicyTree
from gatling.schema import GovernanceContext
from gatling.schema.budget import check
from gatling.schema.sizes import MAX_POLICY_NODES
from gatling.schema.words import NEGATIONS, is_disguised, number_word

BLOCK_TOKENS = 128
NUM_SECTIONS = 4  # root, policy, session_context, user_role
NUM_KINDS = len(Kind)
NUM_EFFECTS = len(Effect)
NUM_TOKEN_VALUES = 8
MAX_DEPTH_FEATURE = 15
_SECTIONS = {"policy": 1, "session_context": 2, "user_role": 3}

PADDING = -1


@dataclass(frozen=True, slots=True)
class ContextFeatures:
    """One governance context as arrays, N tokens in depth-first order."""

    texts: Texts
    key_text: np.ndarray
    """`(N,)` int32: text of the key."""
    value_text: np.ndarray
    """`(N,)` int32: text of the scalar, or of the part of a long one."""
    codes: np.ndarray
    """`(N, 4)` int16: kind, section, effect, depth."""
    values: np.ndarray
    """`(N, NUM_TOKEN_VALUES)` float32, see `_token_values`."""
    parent: np.ndarray
    """`(N,)` int32, -1 for the root."""
    end: np.ndarray
    """`(N,)` int32: one past the last token of the subtree."""
    blocks: list[np.ndarray]
    """Token numbers of each attention block, int32."""

    @property
    def num_tokens(self) -> int:
        return len(self.parent)


def context_features(context: GovernanceContext) -> ContextFeatures:
    """Turn a context into arrays. Raises: InputError if it has more nodes than `schema.sizes.MAX_POLICY_NODES`."""
    tree = PolicyTree.from_data(
        {
            "policy": context.policy,
            "session_context": context.session_context,
            "user_role": context.user_role,
        }
    )
    table = TextTable()
    key_text: list[int] = []
    value_text: list[int] = []
    codes: list[tuple[int, int, int, int]] = []
    values: list[list[float]] = []
    parent: list[int] = []
    token_of: list[int] = []  # tree node -> token, as chunks shift the numbering
    section = 0
    for i in range(len(tree)):
        check()
        kind, value, depth = tree.kind[i], tree.value[i], min(tree.depth[i], MAX_DEPTH_FEATURE)
        if tree.depth[i] == 1:
            section = _SECTIONS[tree.key[i]]
        text = add_scalar(table, kind, value)
        token = len(parent)
        token_of.append(token)
        key_text.append(table.add(tree.key[i]))
        value_text.append(text)
        codes.append((kind, section, tree.effect[i], depth))
        values.append(_token_values(tree.key[i], value, table.words_of(text), tree.size[i]))
        parent.append(token_of[tree.parent[i]] if i else -1)
        chunks = table.chunks(text)
        for position, chunk in enumerate(chunks):
            key_text.append(0)
            value_text.append(chunk)
            codes.append((Kind.CHUNK, section, tree.effect[i], min(depth + 1, MAX_DEPTH_FEATURE)))
            values.append(_token_values("", None, table.words_of(chunk), 0, position / len(chunks)))
            parent.append(token)
        if len(parent) > MAX_POLICY_NODES:
            raise InputError(f"more than {MAX_POLICY_NODES} tokens with long texts in parts; it is refused, not cut")
    parents = np.array(parent, np.int32)
    end = subtree_ends(parents)
    return ContextFeatures(
        texts=table.finish(),
        key_text=np.array(key_text, np.int32),
        value_text=np.array(value_text, np.int32),
        codes=np.array(codes, np.int16),
        values=np.array(values, np.float32),
        parent=parents,
        end=end,
        blocks=cut_blocks(parents),
    )


def add_scalar(table: TextTable, kind: Kind, value: Any) -> int:
    """Add a scalar to the texts: itself, a number as a single word, or `true`, `false`; the empty text for the rest."""
    if kind is Kind.STRING:
        return table.add(value)
    if kind is Kind.NUMBER:
        return table.add_number(number_word(value))
    if kind is Kind.BOOLEAN:
        return table.add("true" if value else "false")
    return table.add("")


def _token_values(key: str, value: Any, words: list[str], size: int, position: float = 0.0) -> list[float]:
    """Typed facts that text similarity does not carry, each in [0, 1] or a small logarithm."""
    return [
        1.0 if value is True else 0.0,
        1.0 if value is False else 0.0,
        1.0 if any(word in NEGATIONS for word in words) else 0.0,
        1.0 if is_disguised(key) or (isinstance(value, str) and is_disguised(value)) else 0.0,
        math.log1p(size) / 4,
        math.log1p(len(words)) / 4,
        position,
        1.0 if value == "*" else 0.0,
    ]


def subtree_ends(parent: np.ndarray) -> np.ndarray:
    """Return one past the last token of each subtree, `(N,)` int32, from parents in depth-first order."""
    parents = parent.tolist()
    end = list(range(1, len(parents) + 1))
    for i in range(len(parents) - 1, 0, -1):
        up = parents[i]
        if end[i] > end[up]:
            end[up] = end[i]
    return np.array(end, np.int32)


def cut_blocks(parent: np.ndarray) -> list[np.ndarray]:
    """Return the token numbers of each attention block, int32, from parents in depth-first order."""
    n = len(parent)
    if n <= BLOCK_TOKENS:
        return [np.arange(n, dtype=np.int32)]
    is_global = (parent <= 0).tolist()
    global_tokens = [i for i in range(n) if is_global[i]]
    rest = [i for i in range(n) if not is_global[i]]
    blocks = []
    start = 0
    while start < len(rest):
        ancestors = []  # any ancestor outside the block is one of its first token: subtrees are contiguous
        node = int(parent[rest[start]])
        while not is_global[node]:
            ancestors.append(node)
            node = int(parent[node])
        room = BLOCK_TOKENS - len(global_tokens) - len(ancestors)
        own = rest[start : start + room]
        blocks.append(np.array(global_tokens + ancestors[::-1] + own, np.int32))
        start += room
    return blocks


@dataclass(frozen=True, slots=True)
class AttentionBlocks(Generic[ArrayT]):
    """Blocks of one padded size L: `index` names tokens of the batch; the tree is given in block-independent numbers."""

    index: ArrayT
    """`(G, L)` int64: token of the batch, `PADDING` where the block is shorter."""
    parent: ArrayT
    """`(G, L)` int64: the parent token of the batch; -1 for roots."""
    end: ArrayT
    """`(G, L)` int64."""
    is_global: ArrayT
    """`(G, L)` bool."""


@dataclass(frozen=True, slots=True)
class PolicyBatch(Generic[ArrayT]):
    """B governance contexts; T tokens of all of them, packed."""

    texts: TextBatch[ArrayT]
    key_text: ArrayT
    """`(T,)` int64."""
    value_text: ArrayT
    """`(T,)` int64."""
    codes: ArrayT
    """`(T, 4)` int64: kind, section, effect, depth."""
    values: ArrayT
    """`(T, NUM_TOKEN_VALUES)` float32."""
    sample: ArrayT
    """`(T,)` int64: which context, ascending."""
    blocks: list[AttentionBlocks[ArrayT]]
    num_contexts: int

    @staticmethod
    def collate(
        contexts: list[ContextFeatures], backbone: Backbone, rows: WordRows | None = None
    ) -> PolicyBatch[np.ndarray]:
        """Join contexts into one batch; B is `len(contexts)`, at least 1."""
        texts, first_text = TextBatch.join([c.texts for c in contexts], backbone, rows)
        counts = [c.num_tokens for c in contexts]
        first_token = np.concatenate([[0], np.cumsum(counts)])[:-1]

        def packed(parts: list[np.ndarray]) -> np.ndarray:
            return np.concatenate(parts).astype(np.int64)

        parent = np.concatenate(
            [np.where(c.parent < 0, -1, c.parent + first) for c, first in zip(contexts, first_token, strict=True)]
        )
        end = np.concatenate([c.end + first for c, first in zip(contexts, first_token, strict=True)])
        blocks = [b + first for c, first in zip(contexts, first_token, strict=True) for b in c.blocks]
        depth_parent = np.concatenate([c.parent for c in contexts])
        return PolicyBatch(
            texts=texts,
            key_text=packed([c.key_text + f for c, f in zip(contexts, first_text, strict=True)]),
            value_text=packed([c.value_text + f for c, f in zip(contexts, first_text, strict=True)]),
            codes=packed([c.codes for c in contexts]),
            values=np.concatenate([c.values for c in contexts]),
            sample=np.repeat(np.arange(len(contexts)), counts),
            blocks=_group_blocks(blocks, parent, end, depth_parent <= 0),
            num_contexts=len(contexts),
        )


def _group_blocks(
    blocks: list[np.ndarray], parent: np.ndarray, end: np.ndarray, is_global: np.ndarray
) -> list[AttentionBlocks[np.ndarray]]:
    groups: dict[int, list[np.ndarray]] = {}
    for block in blocks:
        groups.setdefault(max(16, -(-len(block) // 16) * 16), []).append(block)
    out = []
    for size, members in sorted(groups.items()):
        index = np.full((len(members), size), PADDING, np.int64)
        for row, block in zip(index, members, strict=True):
            row[: len(block)] = block
        safe = np.maximum(index, 0)
        out.append(
            AttentionBlocks(
                index=index,
                parent=parent[safe].astype(np.int64),
                end=end[safe].astype(np.int64),
                is_global=is_global[safe] & (index >= 0),
            )
        )
    return out
