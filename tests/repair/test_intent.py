"""Functional intent similarity: its values, and that its pairing is the best one."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from gatling.repair.intent import _best_sum, _call_similarity, _largest_assignment, functional_intent_similarity
from gatling.schema import parse_plan
from tests.builders import node, plan
from tests.repair.cases import random_case


def similarity(*calls: list[dict[str, object]]) -> float:
    gold, repaired = (parse_plan(plan(*[{**c, "node_id": f"n{i}"} for i, c in enumerate(nodes)])) for nodes in calls)
    return functional_intent_similarity(gold, repaired)


def test_values_worked_out_by_hand() -> None:
    a = node("read_file", arguments={"path": "a"})
    mail = node("send_email", arguments={"to": "ann", "body": "hi"})
    other = node("send_email", arguments={"to": "eve", "body": "hi"})
    copied = node("send_email", arguments={"to": "ann", "body": "hi", "bcc": "eve"})
    several = node("send_email", arguments={"to": ["ann", "bob", "cy", "dee"]})
    fewer = node("send_email", arguments={"to": ["ann", "bob", "cy"]})
    assert similarity([a, mail], [mail, a]) == 1  # order and ids mean nothing
    assert similarity([a, mail], [a]) == 1 / 2
    assert similarity([a], [a, mail]) == 1 / 2  # what is too much counts like what is missing
    assert similarity([a], [mail]) == 0
    assert similarity([mail], [other]) == pytest.approx(1 / 2 + 1 / 2 * 1 / 3)  # one leaf of three kinds
    assert similarity([mail], [copied]) == pytest.approx(1 / 2 + 1 / 2 * 2 / 3)
    assert similarity([several], [fewer]) == pytest.approx(1 / 2 + 1 / 2 * 3 / 4)
    assert similarity([node()], [node()]) == 1
    assert similarity([mail, other], [other]) == 1 / 2
    assert similarity([node(arguments={"n": 1})], [node(arguments={"n": True})]) == 1 / 2
    assert similarity([node(provenance_tier=1)], [node(provenance_tier=3, scope_volume=9)]) == 1


@pytest.mark.parametrize("seed", range(20))
def test_symmetric_bounded_and_one_for_itself(seed: int) -> None:
    (_, a, _), (_, b, _) = random_case(seed), random_case(seed + 1)
    assert functional_intent_similarity(a, a) == 1
    assert functional_intent_similarity(a, b) == pytest.approx(functional_intent_similarity(b, a))
    assert 0 <= functional_intent_similarity(a, b) <= 1


@pytest.mark.parametrize("seed", range(60))
def test_the_assignment_is_the_largest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(1, 6, 2)
    weights = rng.integers(0, 4, (rows, columns)) / 3
    wide = weights if rows <= columns else weights.T
    best = max(
        sum(wide[i, j] for i, j in enumerate(choice))
        for choice in itertools.permutations(range(wide.shape[1]), wide.shape[0])
    )
    assert _largest_assignment(weights) == pytest.approx(best)


@pytest.mark.parametrize("seed", range(60))
def test_pairing_equal_calls_first_loses_nothing(seed: int) -> None:
    from collections import Counter

    rng = random.Random(seed)

    def bags() -> list[Counter[tuple[str, str]]]:
        return [Counter((rng.choice("ab"), rng.choice("12")) for _ in range(rng.randint(0, 3))) for _ in range(4)]

    ours, theirs = bags(), bags()
    weights = np.array([[_call_similarity(a, b) for b in theirs] for a in ours])
    assert _best_sum(ours, theirs) == pytest.approx(_largest_assignment(weights))
