from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatling.schema.words import is_disguised, normalise, number_word, split_words


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
        ("María", ["maria"]),
        ("---", []),
        ("", []),
    ],
)
def test_split(text: str, words: list[str]) -> None:
    assert split_words(text) == words


@pytest.mark.parametrize("text", ["dеlete", "de​lete", "ｄelete​", "ԁelete"])
def test_disguises_read_as_what_they_look_like_and_are_told(text: str) -> None:
    assert split_words(text) == ["delete"]
    assert is_disguised(text)


@pytest.mark.parametrize("text", ["delete", "café", "Москва", "東京"])
def test_honest_text_is_no_disguise(text: str) -> None:
    assert not is_disguised(text)


def test_numbers_have_one_spelling() -> None:
    assert number_word(50) == number_word(50.0) == split_words("50.00")[0] == "50"
    assert number_word(-5) == "-5"
    assert len(number_word(10**4000)) < 12


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert split_words(once) == split_words(text)
    assert all(word and word == word.lower() for word in split_words(text))
