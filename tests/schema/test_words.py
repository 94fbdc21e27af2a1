from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import pairwise
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatling.schema import words
from gatling.schema.words import is_disguised, normalise, number_word, split_words, split_words_at


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("getUserByID2", ["get", "user", "by", "id", "2"]),
        ("XMLHttpRequest", ["xml", "http", "request"]),
        ("delete_user.v2", ["delete", "user", "v", "2"]),
        ("10,000.50 on 2024-05-01", ["10000.5", "on", "2024", "5", "1"]),
        ("age >= 18", ["age", ">=", "18"]),
        ("*", ["*"]),
        ("Москва", ["москва"]),
        ("10.0.0.1", ["10", "0", "0", "1"]),
        ("3.140", ["3.14"]),
        ("../etc; rm", ["..", "etc", ";", "rm"]),
        ("送金は許可", ["送", "金", "は", "許", "可"]),
        ("काम", ["काम"]),
        ("María", ["maria"]),
        ("---", []),
        ("", []),
    ],
)
def test_split(text: str, words: list[str]) -> None:
    assert split_words(text) == words


@pytest.mark.parametrize("text", ["dеlete", "dёlete", "𝐝𝐞𝐥𝐞𝐭𝐞", "de​lete", "ｄelete​", "ԁelete"])
def test_disguises_read_as_what_they_look_like_and_are_told(text: str) -> None:
    assert split_words(text) == ["delete"]
    assert is_disguised(text)


@pytest.mark.parametrize("text", ["delete", "café", "Москва", "東京", "❤️", "हिन्दी"])
def test_honest_text_is_no_disguise(text: str) -> None:
    assert not is_disguised(text)


def test_numbers_have_one_spelling() -> None:
    assert number_word(50) == number_word(50.0) == split_words("50.00")[0] == "50"
    assert number_word(-5) == "-5"
    assert len(number_word(10**4000)) < 12


@pytest.mark.parametrize(
    "text",
    [
        "1" + ",000" * 200_000 + ",",
        "a" + "\u0316\u0301" * 200_000,
        "1." * 300_000,
        "9" * 500_000,
        "аa" * 200_000,
        "._" * 300_000,
    ],
)
def test_no_text_takes_more_than_linear_time(text: str) -> None:
    """Quadratic rules took minutes on these; the bound is far above what a linear one needs."""
    started = time.perf_counter()
    split_words(text)
    is_disguised(text)
    assert time.perf_counter() - started < 20


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert split_words(once) == split_words(text)
    assert all(word and word == word.lower() for word in split_words(text))


@given(st.text(max_size=200) | st.text(st.sampled_from("aB C_1.,>"), max_size=200))
def test_words_are_told_with_where_they_start(text: str) -> None:
    found, starts = split_words_at(text)
    assert found == split_words(text)
    assert starts == sorted(starts)
    assert len(starts) == len(found)
    assert all(0 <= start < len(text) for start in starts)
    if text.isascii():
        assert all(text[a:].lower().startswith(word) for word, a in zip(found, starts, strict=True) if word.isalpha())


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=60), st.integers(1, 9))
def test_a_text_folded_in_pieces_is_as_if_folded_whole(text: str, size: int) -> None:
    whole = normalise(text)
    with mock.patch.object(words, "_PIECE_CHARS", size):
        assert normalise(text) == whole


@pytest.mark.parametrize("split", [split_words, split_words_at])
def test_folding_a_long_text_lets_other_threads_run(split: Callable[[str], object]) -> None:
    # One character becomes 18; folded in one go, a million of them held all threads for the better part of a second.
    ticks, done = [time.perf_counter()], threading.Event()

    def tick() -> None:
        while not done.is_set():
            time.sleep(0.001)
            ticks.append(time.perf_counter())

    thread = threading.Thread(target=tick)
    thread.start()
    split("\ufdfa" * 500_000)
    done.set()
    thread.join()
    assert max(b - a for a, b in pairwise(ticks)) < 0.3


def test_what_joins_is_not_torn_apart_in_long_texts() -> None:
    for start in ("", "x", "xy"):  # whatever stands where a piece may end
        assert normalise(start + "\u1112\u1161\u11ab" * 20_000) == start + "\ud55c" * 20_000
        assert normalise(start + "\u304b\u3099" * 20_000) == start + "\u304c" * 20_000
