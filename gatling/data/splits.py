"""Splits by group: a context, a policy, or whatever `group_by` names never stands on two sides."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from gatling.data.corpus import Corpus
from gatling.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Splits:
    train: Corpus
    val: Corpus
    test: Corpus


def split_corpus(corpus: Corpus, *, val_share: float, test_share: float, seed: int) -> Splits:
    """Split a corpus by group; shares are of the number of groups that hold a compliant trace.

    Groups that share a context count as one, so a context never stands on two sides whatever the grouping.

    Which side a group falls on depends on the seed and the group alone, by the rank of a keyed digest, so the order of
    the data does not matter. A share above 0 gets at least one group; a share of 0 gives an empty side. Groups of
    violations only go to training.

    Raises:
        ConfigError: if there are too few groups for the sides asked for.
    """
    joined = _join_groups(corpus)
    usable = sorted({joined[e.group] for e in corpus.examples if e.is_compliant}, key=lambda g: _rank(g, seed))
    num_test = _count(test_share, len(usable))
    num_val = _count(val_share, len(usable))
    if num_test + num_val >= len(usable):
        raise ConfigError(
            f"{len(usable)} groups with a compliant trace are too few for a validation split of {val_share} and a test "
            f"split of {test_share}; give more data, or --val-split 0 --test-split 0 to validate on the training traces"
        )
    side = dict.fromkeys(usable[:num_test], "test") | dict.fromkeys(usable[num_test : num_test + num_val], "val")
    parts = {
        name: corpus.subset([e for e in corpus.examples if side.get(joined[e.group], "train") == name])
        for name in ("train", "val", "test")
    }
    return Splits(**parts)


def _join_groups(corpus: Corpus) -> dict[str, str]:
    """Return for each group the name of the smallest group that shares a context with it, through others too."""
    parent = {e.group: e.group for e in corpus.examples}

    def root(group: str) -> str:
        while parent[group] != group:
            parent[group] = parent[parent[group]]
            group = parent[group]
        return group

    first: dict[int, str] = {}
    for e in corpus.examples:
        a, b = root(e.group), root(first.setdefault(e.context, e.group))
        parent[max(a, b)] = min(a, b)
    return {group: root(group) for group in parent}


def _count(share: float, total: int) -> int:
    return max(1, round(share * total)) if share > 0 else 0


def _rank(group: str, seed: int) -> bytes:
    return hashlib.blake2b(group.encode(), key=str(seed).encode(), digest_size=16).digest()
