"""JSON data as a tree of nodes in depth-first order.

- Keys of a mapping are visited in sorted order, so the order in which they were written does not matter. Items of a
  list keep theirs.
- A node's subtree is a contiguous range of the order: `range(i, end[i])`.
- Every node knows the effect of the list it sits in. A key such as `forbidden_operations` denies, `allowed_operations`
  allows; so does a sibling `Effect: Deny`. The nearest statement wins. Text similarity cannot tell the two apart
  (`allow` and `deny` have a cosine of about 0.5), so the effect is read off here and travels as a typed feature.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from gatling.errors import InputError
from gatling.schema.budget import check
from gatling.schema.sizes import MAX_POLICY_NODES
from gatling.schema.words import split_words


class Kind(enum.IntEnum):
    """What a node is."""

    OBJECT = 0
    ARRAY = 1
    STRING = 2
    NUMBER = 3
    BOOLEAN = 4
    NULL = 5
    CHUNK = 6
    """A part of a long text; made by the features, never by the tree."""


class Effect(enum.IntEnum):
    """Whether what a node holds is permitted."""

    NONE = 0
    ALLOW = 1
    DENY = 2


_DENY = frozenset(
    "deny denied denies denylist forbid forbidden forbids blocked blocklist blacklist prohibit prohibited "
    "disallow disallowed restricted banned reject rejected never unauthorized unauthorised refuse".split()
)
_ALLOW = frozenset(
    "allow allowed allows allowlist permit permitted permits whitelist grant granted grants authorized authorised "
    "approved accept accepted".split()
)
_NOT = frozenset(("not", "no", "never", "non", "dis"))
_CACHED_CHARS = 64
_EFFECT_KEYS = frozenset(("effect", "decision", "access", "permission"))


def effect_of_key(key: str) -> Effect:
    """Return the effect that a key states: `forbidden_operations` denies, `not_allowed` denies, `rules` states none."""
    return _effect_of_short_key(key) if len(key) <= _CACHED_CHARS else _effect_of_words(split_words(key))


@lru_cache(maxsize=16_384)
def _effect_of_short_key(key: str) -> Effect:
    return _effect_of_words(split_words(key))


def _effect_of_words(words: list[str]) -> Effect:
    is_negated = any(word in _NOT for word in words)
    if any(word in _DENY for word in words):
        return Effect.ALLOW if is_negated and "never" not in words else Effect.DENY
    if any(word in _ALLOW for word in words):
        return Effect.DENY if is_negated else Effect.ALLOW
    return Effect.NONE


def _effect_of_mapping(mapping: dict[str, Any]) -> Effect:
    for key, value in mapping.items():
        if isinstance(value, str) and key.lower() in _EFFECT_KEYS:
            stated = effect_of_key(value)
            if stated is not Effect.NONE:
                return stated
    return Effect.NONE


@dataclass(frozen=True, slots=True)
class PolicyTree:
    """A JSON tree as parallel lists, one entry a node, in depth-first order; node 0 is the root."""

    key: list[str]
    """The node's key in its mapping; empty for the root and for items of a list."""
    value: list[Any]
    """The scalar; None for a mapping or a list."""
    kind: list[Kind]
    parent: list[int]
    """Index of the parent; -1 for the root."""
    depth: list[int]
    end: list[int]
    """One past the last node of the subtree."""
    effect: list[Effect]
    size: list[int]
    """Number of direct children."""

    def __len__(self) -> int:
        return len(self.key)

    @classmethod
    def from_data(cls, data: Any, *, max_nodes: int = MAX_POLICY_NODES) -> PolicyTree:
        """Build the tree of checked plain data.

        Raises:
            InputError: if it has more than `max_nodes` nodes.
        """
        tree = cls([], [], [], [], [], [], [], [])
        stack: list[tuple[str, Any, int, int, Effect]] = [("", data, -1, 0, Effect.NONE)]
        while stack:
            check()
            key, value, parent, depth, inherited = stack.pop()
            index = len(tree.key)
            if index >= max_nodes:
                raise InputError(f"more than {max_nodes} nodes; larger contexts are refused, not cut")
            stated = effect_of_key(key) if key else Effect.NONE
            effect = stated if stated is not Effect.NONE else inherited
            children: list[tuple[str, Any, int, int, Effect]] = []
            if isinstance(value, dict):
                kind = Kind.OBJECT
                within = _effect_of_mapping(value)
                effect = within if within is not Effect.NONE else effect
                children = [(k, value[k], index, depth + 1, effect) for k in sorted(value, reverse=True)]
            elif isinstance(value, (list, tuple)):
                kind = Kind.ARRAY
                children = [("", item, index, depth + 1, effect) for item in reversed(value)]
            else:
                kind = scalar_kind(value)
            tree.key.append(key)
            tree.value.append(None if children or kind in (Kind.OBJECT, Kind.ARRAY) else value)
            tree.kind.append(kind)
            tree.parent.append(parent)
            tree.depth.append(depth)
            tree.end.append(index + 1)
            tree.effect.append(effect)
            tree.size.append(len(children))
            stack.extend(children)
        for i in range(len(tree.key) - 1, 0, -1):  # children come after parents
            parent = tree.parent[i]
            tree.end[parent] = max(tree.end[parent], tree.end[i])
        return tree


def scalar_kind(value: Any) -> Kind:
    """Return the kind of a value that is no mapping and no list."""
    if value is None:
        return Kind.NULL
    if isinstance(value, bool):
        return Kind.BOOLEAN
    if isinstance(value, str):
        return Kind.STRING
    return Kind.NUMBER
