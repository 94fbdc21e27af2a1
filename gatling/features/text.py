"""Texts of one record or one batch as ragged lists of words.

A record's texts are interned: equal strings are one text, equal words one word. A batch joins the records and keeps
each distinct word once, so the cost of the word layers grows with the vocabulary of the batch, not with its length.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, TypeVar

import numpy as np

from gatling.features.backbone import Backbone
from gatling.schema.words import split_words

ArrayT = TypeVar("ArrayT")
"""What a batch is made of: numpy arrays here, tensors where it is trained (`encoders/tensors.py`)."""

CHUNK_WORDS = 16
"""A longer text is also given in parts of this many words, so that no single average stands for a page."""


@dataclass(frozen=True, slots=True)
class Texts:
    """The distinct texts of one record; text 0 is the empty one."""

    words: list[str]
    """Distinct words."""
    word_index: np.ndarray
    """`(P,)` int32: for each position, which word."""
    offsets: np.ndarray
    """`(num_texts + 1,)` int32: text i has the positions `offsets[i]:offsets[i + 1]`."""


class TextTable:
    """Collects the texts of one record."""

    def __init__(self) -> None:
        self._words: dict[str, int] = {}
        self._texts: dict[str, int] = {}
        self._rows: list[list[int]] = []
        self._split: list[list[str]] = []
        self.add("", [])

    def add(self, text: str, words: list[str] | None = None) -> int:
        """Return the text's number, adding it if it is new.

        Args:
            text: identifies the entry.
            words: its words, where they are known already.
        """
        index = self._texts.get(text)
        if index is None:
            words = split_words(text) if words is None else words
            index = self._texts[text] = len(self._rows)
            self._rows.append([self._words.setdefault(word, len(self._words)) for word in words])
            self._split.append(words)
        return index

    def add_joined(self, parts: tuple[str, ...]) -> int:
        """Add the text of several parts, each of which is split only once however often it occurs."""
        words = [word for part in parts for word in self._split[self.add(part)]]
        return self.add("\x02" + "\x02".join(parts), words) if len(parts) > 1 else self.add("".join(parts))

    def words_of(self, index: int) -> list[str]:
        return self._split[index]

    def chunks(self, index: int) -> list[int]:
        """Return the texts of the parts of a text longer than `CHUNK_WORDS` words; empty for a shorter one."""
        words = self._split[index]
        if len(words) <= CHUNK_WORDS:
            return []
        parts = -(-len(words) // CHUNK_WORDS)
        bounds = [round(i * len(words) / parts) for i in range(parts + 1)]
        return [self.add("\x00" + " ".join(words[a:b]), words[a:b]) for a, b in pairwise(bounds)]

    def finish(self) -> Texts:
        lengths = [len(row) for row in self._rows]
        return Texts(
            words=list(self._words),
            word_index=np.fromiter((w for row in self._rows for w in row), np.int32, count=sum(lengths)),
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32),
        )


@dataclass(frozen=True, slots=True)
class TextBatch(Generic[ArrayT]):
    """The texts of a batch of records, joined; words are distinct within the batch."""

    word_vectors: ArrayT
    """`(U, dim)` float32, `dim` that of the backbone."""
    word_index: ArrayT
    """`(P,)` int64."""
    offsets: ArrayT
    """`(X + 1,)` int64."""
    record_offsets: ArrayT
    """`(B,)` int64: first word position of each record."""

    num_records: int
    num_texts: int

    @staticmethod
    def join(records: list[Texts], word_vectors: Backbone) -> tuple[TextBatch[np.ndarray], list[int]]:
        """Join the texts of several records.

        Returns:
            The batch, and per record what to add to its text numbers.
        """
        vocabulary: dict[str, int] = {}
        index_parts: list[np.ndarray] = []
        offset_parts: list[np.ndarray] = [np.zeros(1, np.int64)]
        first_text: list[int] = []
        first_position: list[int] = []
        num_texts = num_positions = 0
        for texts in records:
            renumber = np.fromiter(
                (vocabulary.setdefault(word, len(vocabulary)) for word in texts.words),
                np.int64,
                count=len(texts.words),
            )
            index_parts.append(renumber[texts.word_index])
            offset_parts.append(texts.offsets[1:].astype(np.int64) + num_positions)
            first_text.append(num_texts)
            first_position.append(num_positions)
            num_texts += len(texts.offsets) - 1
            num_positions += len(texts.word_index)
        batch = TextBatch(
            word_vectors=word_vectors(list(vocabulary)),
            word_index=np.concatenate(index_parts),
            offsets=np.concatenate(offset_parts),
            record_offsets=np.array(first_position, np.int64),
            num_records=len(records),
            num_texts=num_texts,
        )
        return batch, first_text
