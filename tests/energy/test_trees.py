"""Boosted trees against a loop over rows; what is no set of monotone trees is refused."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

import numpy as np
import pytest

from gatling.energy.critics.trees import MonotoneTrees
from gatling.errors import CheckpointError
from tests.energy.critics import made_up_trees

SIGNS = [1, -1, 0, 1, -1]


def naive(data: dict[str, Any], row: list[float]) -> float:
    total = 0.0
    for at in data["root"]:
        while data["feature"][at] >= 0:
            goes_left = row[data["feature"][at]] <= data["threshold"][at]
            at = data["left"][at] if goes_left else data["right"][at]
        total += data["value"][at]
    return total


@pytest.mark.parametrize("seed", range(5))
def test_the_sum_is_that_of_a_walk_down_each_tree(seed: int) -> None:
    trees = made_up_trees(SIGNS, seed)
    x = np.random.default_rng(seed).choice([-0.5, 0.0, 0.3, 0.5, 0.7, 1.0], size=(200, 5))
    wanted = [naive(trees.to_dict(), row) for row in x.tolist()]
    assert trees(x).tolist() == wanted
    assert len(set(wanted)) > 50


def test_a_row_has_the_same_bits_in_any_batch() -> None:
    trees = made_up_trees(SIGNS, 3, count=200)
    x = np.random.default_rng(0).uniform(-0.2, 1.2, (97, 5))
    whole = trees(x)
    assert [float(trees(x[i : i + 1])[0]) for i in range(97)] == whole.tolist()
    assert trees(np.asfortranarray(x)[::-1])[::-1].tolist() == whole.tolist()
    assert trees(x[:0]).shape == (0,)


def test_no_raise_of_a_doubt_and_no_fall_of_an_asked_one_lowers_the_sum() -> None:
    rng = Random(0)
    trees = made_up_trees(SIGNS, 1)
    moved = 0
    for _ in range(500):
        row = [rng.uniform(-0.2, 1.2) for _ in SIGNS]
        worse = [v + sign * rng.choice([0.0, 0.01, 0.5]) for v, sign in zip(row, SIGNS, strict=True)]
        before, after = trees(np.array([row, worse]))
        assert after >= before
        moved += after > before
    assert moved > 100


def test_what_is_not_a_number_has_no_sum() -> None:
    trees = made_up_trees(SIGNS)
    x = np.zeros((3, 5))
    x[1, 4] = np.nan
    assert np.isnan(trees(x)).tolist() == [False, True, False]


STUMP = {"feature": [0, -1, -1], "threshold": [0.5, 0.0, 0.0], "left": [1, 1, 2], "right": [2, 1, 2], "value": [0.0, 0.0, 1.0], "root": [0]}  # fmt: skip


def test_a_stump_is_read_and_written() -> None:
    trees = MonotoneTrees.from_dict(STUMP, np.array(SIGNS), source="f")
    assert trees.to_dict() == STUMP
    assert trees(np.array([[0.5, 0, 0, 0, 0], [0.6, 0, 0, 0, 0]])).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"value": [0.0, 1.0, 0.0]}, "not monotone in feature 0"),
        ({"feature": [1, -1, -1]}, "not monotone in feature 1"),
        ({"feature": [5, -1, -1]}, "a feature that there is not"),
        ({"feature": [-2, -1, -1]}, "a feature that there is not"),
        ({"left": [0, 1, 2]}, "does not stand behind its parent"),
        ({"right": [3, 1, 2]}, "does not stand behind its parent"),
        ({"left": [-1, 1, 2]}, "does not stand behind its parent"),
        ({"root": []}, "no root"),
        ({"root": [3]}, "no root"),
        ({"root": [-1]}, "no root"),
        ({"root": [[0]]}, "lack one of"),
        ({"threshold": [float("nan"), 0.0, 0.0]}, "not finite"),
        ({"threshold": [None, 0.0, 0.0]}, "not finite"),
        ({"value": [0.0, 0.0, float("inf")]}, "not finite"),
        ({"value": [0.0, 0.0]}, "different lengths"),
        ({"left": [1]}, "different lengths"),
        ({"right": [2]}, "different lengths"),
        ({"threshold": 0.5}, "different lengths"),
        ({"feature": []}, "different lengths"),
        ({"feature": [0.5, -1, -1]}, "lack one of"),
        ({"feature": [True, -1, -1]}, "lack one of"),
        ({"left": [2**70, 1, 2]}, "lack one of"),
        ({"value": ["x", 0.0, 1.0]}, "lack one of"),
        ({"feature": None}, "lack one of"),
    ],
)  # fmt: skip
def test_what_is_no_set_of_trees_is_refused(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(CheckpointError, match=reason) as caught:
        MonotoneTrees.from_dict({**copy.deepcopy(STUMP), **change}, np.array(SIGNS), source="file.json")
    assert str(caught.value).startswith("file.json: ")


@pytest.mark.parametrize("data", [{}, [], "x", None])
def test_what_is_no_mapping_is_refused(data: Any) -> None:
    with pytest.raises(CheckpointError, match="lack one of"):
        MonotoneTrees.from_dict(data, np.array(SIGNS), source="file.json")


def test_no_leaf_of_the_lower_side_may_be_above_one_of_the_upper() -> None:
    data = {
        "feature": [0, 2, 2, -1, -1, -1, -1], "threshold": [0.5] * 7, "left": [1, 3, 5, 3, 4, 5, 6],
        "right": [2, 4, 6, 3, 4, 5, 6], "value": [0.0, 0.0, 0.0, 0.1, 0.8, 0.5, 1.0], "root": [0],
    }  # fmt: skip
    with pytest.raises(CheckpointError, match="not monotone"):
        MonotoneTrees.from_dict(data, np.array(SIGNS), source="f")
    data["value"] = [0.0, 0.0, 0.0, 0.1, 0.4, 0.5, 1.0]
    assert MonotoneTrees.from_dict(data, np.array(SIGNS), source="f")(np.zeros((1, 5))).tolist() == [0.1]
