"""Words and texts to pieces of a vocabulary: BERT's uncased tokenisation (Devlin et al., 2019).

Our own code, as the library that has it brings a client for the network along. A test holds both against each other: they differ
only on characters that are younger than the library's tables.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

_MAX_CHARS = 100  # a longer word has no pieces
_REMOVED = {"Cc", "Cf", "Co"}


class WordPiece:
    """Args:
    vocabulary: id by piece; pieces that continue a word start with `##`.
    unknown: the id that stands for a word without pieces in a text.
    """

    def __init__(self, vocabulary: Mapping[str, int], *, unknown: int | None = None) -> None:
        self._vocabulary = vocabulary
        self._unknown = unknown
        self._longest = max(map(len, vocabulary), default=0)

    def ids(self, word: str) -> list[int] | None:
        """Return the ids of the word's pieces, longest first; None if a part of it has no piece."""
        found: list[int] = []
        for part in _parts(word):
            pieces = self._ids_of_part(part)
            if pieces is None:
                return None
            found += pieces
        return found

    def pieces(self, text: str) -> list[int]:
        """Return the ids of a text's pieces; a word that has none is one `unknown`."""
        if self._unknown is None:
            raise ValueError("a vocabulary without an id for unknown words does not read texts")
        found: list[int] = []
        for part in _parts(text):
            pieces = self._ids_of_part(part)
            found += [self._unknown] if pieces is None else pieces
        return found

    def _ids_of_part(self, part: str) -> list[int] | None:
        if len(part) > _MAX_CHARS:
            return None
        known = self._vocabulary
        found: list[int] = []
        rest, num_marks = part, 0
        while len(rest) > num_marks:
            for end in range(min(len(rest), self._longest), num_marks, -1):
                piece = known.get(rest[:end])
                if piece is not None:
                    break
            else:
                return None
            found.append(piece)
            rest, num_marks = f"##{rest[end:]}", 2
        return found


def _parts(word: str) -> list[str]:
    """Lower case, no accents, no control characters; cut at spaces, and around punctuation and ideographs."""
    if word.isascii() and word.isalnum():
        return [word.lower()]
    kept = []
    for c in word:
        if c in "\t\n\r" or unicodedata.category(c).startswith("Z"):
            kept.append(" ")
        elif c != "\ufffd" and unicodedata.category(c) not in _REMOVED:
            kept.append(f" {c} " if _is_ideograph(c) else c)
    plain = unicodedata.normalize("NFD", "".join(kept))
    lower = "".join(c.lower() for c in plain if unicodedata.category(c) != "Mn")  # one by one: a final sigma stays one
    return "".join(f" {c} " if _is_punctuation(c) else c for c in lower).split(" ")


def _is_punctuation(c: str) -> bool:
    if c.isascii():
        return c.isprintable() and not c.isalnum() and c != " "
    return unicodedata.category(c).startswith("P")


def _is_ideograph(c: str) -> bool:
    return any(
        low <= ord(c) <= high
        for low, high in (
            (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
            (0x2B920, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
        )
    )  # fmt: skip
