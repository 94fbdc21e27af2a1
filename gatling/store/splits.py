"""Splits by group: a context, a policy, or whatever `group_by` names never stands on two sides."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from gatling.errors import ConfigError
from gatling.store.corpus import Corpus

_TRAIN, _VAL, _TEST = 0, 1, 2


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
    usable = np.unique(joined[corpus.group[corpus.is_compliant]])
    num_test = _count(test_share, len(usable))
    num_val = _count(val_share, len(usable))
    if num_test + num_val >= len(usable):
        raise ConfigError(
            f"{len(usable)} groups with a compliant trace are too few for a validation split of {val_share} and a test "
            f"split of {test_share}; give more data, or --val-split 0 --test-split 0 to validate on the training traces"
        )
    ranked = usable[_order(corpus, usable, seed)]
    side = np.full(len(corpus.group_names), _TRAIN, np.int8)
    side[ranked[:num_test]] = _TEST
    side[ranked[num_test : num_test + num_val]] = _VAL
    side_of_trace = side[joined[corpus.group]]
    train, val, test = (corpus.subset(np.flatnonzero(side_of_trace == one)) for one in (_TRAIN, _VAL, _TEST))
    return Splits(train, val, test)


def _join_groups(corpus: Corpus) -> np.ndarray:
    """Return for each group the one with the smallest name that shares a context with it, through others too."""
    label = np.arange(len(corpus.group_names))
    first = np.zeros(len(corpus.contexts), np.int64)
    first[corpus.context] = corpus.group
    other, group = first[corpus.context], corpus.group.astype(np.int64)
    differs = other != group
    a, b = np.unique(np.stack([other[differs], group[differs]]), axis=1)
    while len(a):  # hang the larger label below the smaller one, then shorten all paths
        low, high = np.minimum(label[a], label[b]), np.maximum(label[a], label[b])
        if (low == high).all():
            break
        np.minimum.at(label, high, low)
        while not np.array_equal(label, label[label]):
            label = label[label]
    smallest = np.arange(len(label))
    for number in np.unique(np.concatenate([a, b])).tolist():  # only groups that share a context with another
        root = label[number]
        if corpus.group_names[number] < corpus.group_names[int(smallest[root])]:
            smallest[root] = number
    return np.asarray(smallest[label])


def _count(share: float, total: int) -> int:
    return max(1, round(share * total)) if share > 0 else 0


def _order(corpus: Corpus, groups: np.ndarray, seed: int) -> np.ndarray:
    """Return the order of groups by their keyed digest."""
    keyed = hashlib.blake2b(key=str(seed).encode(), digest_size=16)

    def rank(name: str) -> bytes:
        digest = keyed.copy()
        digest.update(name.encode())
        return digest.digest()

    names = corpus.group_names.choose(groups)
    ranks = b"".join(rank(name) for name in names)
    halves = np.frombuffer(ranks, ">u8").reshape(-1, 2)
    return np.lexsort((halves[:, 1], halves[:, 0]))
