from __future__ import annotations

import random
import subprocess
import sys

import numpy as np
import pytest

from gatling.features import PolicyBatch, WordVectors, context_features, plan_features
from gatling.features.policy import BLOCK_TOKENS
from gatling.features.text import CHUNK_WORDS, TextTable
from gatling.features.words import (
    LEXICON_DIM,
    NGRAM_DIM,
    WORD_DIM,
    feature_digest,
    lexicon,
    ngram_vector,
    number_vector,
)
from gatling.policy import Effect
from gatling.schema import parse_context, parse_plan
from tests.builders import context, node, plan


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def test_the_word_table_knows_meaning() -> None:
    delete, remove, events = lexicon().vectors(["delete", "remove", "calendar"])
    assert cosine(delete, remove) > cosine(delete, events) + 0.2


def test_ngrams_know_spelling() -> None:
    assert cosine(ngram_vector("invoice"), ngram_vector("invoices")) > 0.25  # half the weight is the whole word
    assert abs(cosine(ngram_vector("invoice"), ngram_vector("wxyz"))) < 0.2
    assert np.linalg.norm(ngram_vector("a")) == pytest.approx(1, abs=1e-5)


def test_numbers_are_told_apart_by_magnitude() -> None:
    five, six, million = (number_vector(w) for w in ("5", "6", "1000000"))
    assert np.linalg.norm(five - six) < np.linalg.norm(five - million)
    assert number_vector("-5")[1] == -1
    assert not number_vector("five").any()
    for word in ("9" * 400, "1e308", "-1e-320", "0"):
        assert np.isfinite(number_vector(word)).all()
        assert np.abs(number_vector(word)).max() <= 1


def test_a_word_vector_is_the_same_in_another_process() -> None:
    words = ["delete", "zxqv", "x17", "10000"]
    code = (
        "from gatling.features import WordVectors, feature_digest; import hashlib;"
        f"print(hashlib.sha256(WordVectors()({words!r}).tobytes()).hexdigest(), feature_digest())"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": s},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for s in ("1", "2")
    }
    assert len(runs) == 1
    assert runs.pop().split()[1] == feature_digest()


def test_without_the_table_only_that_part_is_missing() -> None:
    full, bare = WordVectors()(["delete"])[0], WordVectors(use_table=False)(["delete"])[0]
    assert full.shape == (WORD_DIM,)
    assert not bare[:LEXICON_DIM].any()
    assert cosine(full[LEXICON_DIM:][:NGRAM_DIM], bare[LEXICON_DIM:][:NGRAM_DIM]) == pytest.approx(1, abs=1e-5)


def test_long_texts_are_also_given_in_parts() -> None:
    table = TextTable()
    text = " ".join(f"w{i}x" for i in range(40))
    index = table.add(text)
    words = table.words_of(index)
    parts = [table.words_of(c) for c in table.chunks(index)]
    assert [w for part in parts for w in part] == words
    assert all(len(part) <= CHUNK_WORDS for part in parts)
    assert table.chunks(table.add("short")) == []


def test_polarity_is_a_typed_feature() -> None:
    features = context_features(parse_context(context({"allowed_operations": ["a"], "forbidden_operations": ["b"]})))
    assert {Effect.ALLOW, Effect.DENY} <= set(features.codes[:, 2].tolist())


def wide_policy(count: int) -> dict[str, object]:
    return {"sections": [{"name": f"s{i}", "rules": [f"r{i}", f"q{i}"]} for i in range(count // 5)]}


@pytest.mark.parametrize("count", [10, 150, 1000])
def test_every_token_stands_in_a_block_with_its_ancestors(count: int) -> None:
    features = context_features(parse_context(context(wide_policy(count))))
    seen: set[int] = set()
    for block in features.blocks:
        members = set(block.tolist())
        assert len(block) <= BLOCK_TOKENS
        seen |= members
        for token in members:
            if token:
                assert int(features.parent[token]) in members
    assert seen == set(range(features.num_tokens))


def test_padding_is_a_small_part_of_the_work() -> None:
    """Work in multiply-adds a layer: 8 H^2 a packed token, 2 L^2 H a block of padded size L."""
    rng = random.Random(0)
    word_vectors = WordVectors()
    hidden = 512
    for _ in range(5):
        sizes = [rng.choice([5, 20, 40, 60, 150, 400, 2000]) for _ in range(16)]
        features = [context_features(parse_context(context(wide_policy(s)))) for s in sizes]
        batch = PolicyBatch.collate(features, word_vectors)
        linear = 8 * hidden**2 * len(batch.sample)
        padded = sum(b.index.shape[0] * 2 * b.index.shape[1] ** 2 * hidden for b in batch.blocks)
        needed = sum(2 * hidden * int(n) ** 2 for b in batch.blocks for n in (b.index >= 0).sum(1))
        assert (padded - needed) / (linear + padded) < 0.15


def test_plan_features_ignore_ids_and_orders() -> None:
    a = parse_plan(
        plan(node("x", "1", arguments={"p": 1, "q": [2, 3]}), node("y", "2"), edges=[["1", "2"], ["1", "2"]])
    )
    b = parse_plan(plan(node("x", "zz", arguments={"q": [2, 3], "p": 1}), node("y", "aa"), edges=[["zz", "aa"]]))
    left, right = plan_features(a), plan_features(b)
    assert left.texts.words == right.texts.words
    for name in ("tool_text", "leaf_path_text", "leaf_value_text", "edges", "node_values"):
        assert np.array_equal(getattr(left, name), getattr(right, name)), name


def test_huge_numbers_stay_finite() -> None:
    features = plan_features(parse_plan(plan(node(scope_volume=10**400, arguments={"n": 10**300, "f": 1e308}))))
    assert np.isfinite(features.node_values).all()
    vectors = WordVectors()(features.texts.words)
    assert np.isfinite(vectors).all()
