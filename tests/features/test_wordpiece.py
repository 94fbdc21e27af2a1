"""Word pieces are those of the library that made the vocabulary. Needs the library, which is no part of the core."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

import gatling
from gatling.features.wordpiece import WordPiece
from gatling.schema.words import split_words
from tests.sizes import num_cases

TEXT = (Path(gatling.__file__).parent / "assets" / "lexicon.tokenizer.json").read_text("utf-8")
VOCABULARY = json.loads(TEXT)["model"]["vocab"]
OURS = WordPiece(VOCABULARY)
LIBRARY = Tokenizer.from_str(TEXT)
LIBRARY.no_truncation()
LIBRARY.no_padding()
UNKNOWN = VOCABULARY["[UNK]"]


def theirs(word: str) -> list[int] | None:
    ids = LIBRARY.encode(word).ids
    return None if UNKNOWN in ids else ids


def test_every_character_of_the_basic_plane_that_both_know() -> None:
    """The library's tables are older: marks and controls that are younger are kept by it and dropped by Python."""
    differing = 0
    codes = [*range(0xD800), *range(0xE000, 0x30000)]
    for code in codes[:: num_cases(many=1, few=16)]:
        for word in (chr(code), f"a{chr(code)}b"):
            differing += OURS.ids(word) != theirs(word)
    assert differing < num_cases(many=800, few=60)


def test_joined_pieces() -> None:
    rng = Random(0)
    pieces = [piece.removeprefix("##") for piece in VOCABULARY if not piece.startswith("[")]
    for _ in range(num_cases(many=3_000, few=500)):
        word = "".join(rng.choices(pieces, k=rng.randint(1, 4)))
        assert OURS.ids(word) == theirs(word), word
    for word in ("", "a" * 100, "a" * 101, "x" * 3_000, "ΑΣ", "İstanbul", "naïve", "don't", "a.b", "中文a"):
        assert OURS.ids(word) == theirs(word) or (word == "" and OURS.ids(word) == []), word


@settings(max_examples=num_cases(many=300, few=60))
@given(st.text(st.characters(max_codepoint=0x24F), max_size=30))
def test_words_of_any_text(text: str) -> None:
    for word in split_words(text):
        assert OURS.ids(word) == theirs(word), word
