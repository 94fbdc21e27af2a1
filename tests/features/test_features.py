from __future__ import annotations

import random
import subprocess
import sys
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatling.features import PolicyBatch, WordVectors, context_features, plan_features
from gatling.features.numbers import NUMBER_DIM, number_vector, number_vectors
from gatling.features.policy import BLOCK_TOKENS
from gatling.features.text import CHUNK_WORDS, TextBatch, TextTable, vector_dim
from gatling.features.words import (
    LEXICON_DIM,
    NGRAM_DIM,
    WORD_DIM,
    feature_digest,
    lexicon,
    ngram_vector,
)
from gatling.policy import Effect
from gatling.schema import parse_context, parse_plan
from gatling.schema.words import split_words
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
    words = ["5", "five", "", "9" * 400, "-1e-320", "5"]
    assert np.array_equal(number_vectors(words), np.stack([number_vector(word) for word in words]))


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


@given(st.text(st.sampled_from("ab Cé.,\n10ﷺ語\u0301\u200b"), max_size=400), st.integers(0, 5))
def test_texts_are_also_kept_as_they_were_written(text: str, repeats: int) -> None:
    text = text + " Ünder" * repeats * 4
    table = TextTable()
    index = table.add(text)
    parts = table.chunks(index)
    joined, single, number = table.add_joined(("Pay.to", "IBAN")), table.add_joined(("Pay.to",)), table.add_number("-5")
    texts = table.finish()
    assert len(texts.raw) == len(texts.offsets) - 1 == len(texts.single_words())
    assert texts.raw[0] == ""
    assert [texts.raw[i] for i in (index, joined, single, number)] == [text, "Pay.to IBAN", "Pay.to", "-5"]
    assert texts.single_words()[number] == "-5"
    for i, word in enumerate(texts.single_words()):
        assert [word] * bool(word) == (table.words_of(i) if len(table.words_of(i)) == 1 else [])
    if parts:
        assert "".join(texts.raw[part] for part in parts) == text
        if text.isascii() and "." not in text:  # cut at the very words; in 1.2.3.4 a cut makes 1.2 of the first two
            assert [split_words(texts.raw[part]) for part in parts] == [table.words_of(part) for part in parts]


def test_equal_words_written_in_two_ways_are_two_texts_but_one_as_words() -> None:
    table = TextTable()
    texts = [table.add(text) for text in ("Delete All", "delete all", "Delete All")]
    assert texts[0] == texts[2] != texts[1]
    assert table.finish().words == ["delete", "all"]


class Blank:
    """A backbone that tells nothing apart."""

    dim = 2

    def __init__(self, reads: Literal["words", "texts"]) -> None:
        self.reads = reads

    def digest(self) -> bytes:
        return bytes(32)

    def __call__(self, items: list[str], /) -> np.ndarray:
        assert len(set(items)) == len(items)
        return np.ones((len(items), 2), np.float32)


@pytest.mark.parametrize("reads", ["words", "texts"])
def test_numbers_stand_apart_from_what_the_backbone_makes(reads: Literal["words", "texts"]) -> None:
    values = [5, 5_000_000, "5,000,000", "many", 1e20, "1e+20", "Pay 7"]
    features = plan_features(parse_plan(plan(node(arguments={"n": values}))))
    batch = TextBatch.join([features.texts], Blank(reads))[0]
    assert batch.word_vectors.shape[1] == vector_dim(Blank(reads)) == 2 + NUMBER_DIM
    assert (batch.word_vectors[:, :2] == 1).all()
    numbers = [
        batch.word_vectors[batch.word_index[batch.offsets[text]]][2:] for text in features.leaf_value_text.tolist()
    ]
    assert len(numbers) == len(values)
    for found, word in zip(numbers, ["5", "5000000", "5000000", "many", "1e+20"], strict=False):
        assert np.array_equal(found, number_vector(word)), word
    assert np.array_equal(numbers[5], number_vector("1" if reads == "words" else ""))  # a text of two words
    assert not numbers[6].any()


def test_a_batch_for_texts_has_a_word_for_each_text_that_is_not_empty() -> None:
    records = [
        plan(node("Read_File", arguments={"a": "", "b": "!!!"})),
        plan(node("Read_File", arguments={"b": "x y z"})),
    ]
    features = [plan_features(parse_plan(record)) for record in records]
    batch, first = TextBatch.join([one.texts for one in features], Blank("texts"))
    assert first == [0, len(features[0].texts.raw)]
    lengths = np.diff(batch.offsets)
    raw = [text for one in features for text in one.texts.raw]
    assert lengths.tolist() == [bool(text) for text in raw]
    assert len(batch.word_vectors) == len(set(raw) - {""})
    same = [batch.word_index[batch.offsets[i]] for i, text in enumerate(raw) if text == "Read_File"]
    assert len(same) == 2
    assert same[0] == same[1]


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
