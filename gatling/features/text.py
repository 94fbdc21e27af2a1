"""Texts of one record or one batch as ragged lists of words, and as they were written.

A record's texts are interned: equal strings are one text, equal words one word. A batch joins the records and keeps
each distinct word once, so the cost of the word layers grows with the vocabulary of the batch, not with its length. For a
backbone that reads texts, each text of a batch is a single word of it: itself.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Generic, TypeVar

import numpy as np

from gatling.features.backbone import Backbone
from gatling.features.numbers import NUMBER_DIM, number_vectors
from gatling.schema.words import CACHED_CHARS, split_words, split_words_at

ArrayT = TypeVar("ArrayT")
"""What a batch is made of: numpy arrays here, tensors where it is trained (`encoders/tensors.py`)."""

Word = str | tuple[str, str]
"""What a backbone reads: a word; or a text, as it was written, with the one word that it reads as, if it is a single one."""
WordRows = Callable[[list[Word]], np.ndarray]
"""Returns one row a word."""

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
    raw: Sequence[str]
    """`num_texts`: each text as it was written."""

    def single_words(self) -> list[str]:
        """Return for each text its word, empty where it has none or several."""
        lengths, words = np.diff(self.offsets).tolist(), self.words
        first = self.word_index[self.offsets[:-1][np.array(lengths) == 1]].tolist()
        singles = iter(first)
        return [words[next(singles)] if length == 1 else "" for length in lengths]


class TextTable:
    """Collects the texts of one record."""

    def __init__(self) -> None:
        self._words: dict[str, int] = {}
        self._texts: dict[Hashable, int] = {}
        self._rows: list[list[int]] = []
        self._split: list[list[str]] = []
        self._raw: list[str] = []
        self._starts: dict[int, list[int]] = {}
        """Where the words of a text start, of those that are likely to be given in parts."""
        self.add("")

    def add(self, text: str) -> int:
        """Return the text's number, adding it if it is new."""
        index = self._texts.get(text)
        if index is not None:
            return index
        if len(text) <= CACHED_CHARS:
            return self._append(text, split_words(text), text)
        words, starts = split_words_at(text)
        index = self._append(text, words, text)
        self._starts[index] = starts
        return index

    def add_number(self, word: str) -> int:
        """Add a JSON number by the one word that stands for it."""
        key = ("number", word)
        index = self._texts.get(key)
        return self._append(key, [word], word) if index is None else index

    def add_joined(self, parts: tuple[str, ...]) -> int:
        """Add the text of several parts, each of which is split only once however often it occurs."""
        if len(parts) < 2:
            return self.add("".join(parts))
        words = [word for part in parts for word in self._split[self.add(part)]]
        key = ("joined", parts)
        index = self._texts.get(key)
        return self._append(key, words, " ".join(parts)) if index is None else index

    def _append(self, key: Hashable, words: list[str], raw: str) -> int:
        index = self._texts[key] = len(self._rows)
        self._rows.append([self._words.setdefault(word, len(self._words)) for word in words])
        self._split.append(words)
        self._raw.append(raw)
        return index

    def words_of(self, index: int) -> list[str]:
        return self._split[index]

    def chunks(self, index: int) -> list[int]:
        """Return the texts of the parts of a text longer than `CHUNK_WORDS` words; empty for a shorter one.

        What was written is cut where the words are cut, so the parts together are the whole.
        """
        words = self._split[index]
        if len(words) <= CHUNK_WORDS:
            return []
        parts = -(-len(words) // CHUNK_WORDS)
        bounds = [round(i * len(words) / parts) for i in range(parts + 1)]
        raw = self._raw[index]
        starts = self._starts[index] if index in self._starts else split_words_at(raw)[1]
        cuts = [0, *(starts[bound] for bound in bounds[1:-1]), len(raw)]
        found = []
        for (a, b), (start, end) in zip(pairwise(bounds), pairwise(cuts), strict=True):
            key = ("part", " ".join(words[a:b]), raw[start:end])
            known = self._texts.get(key)
            found.append(self._append(key, words[a:b], raw[start:end]) if known is None else known)
        return found

    def finish(self) -> Texts:
        lengths = [len(row) for row in self._rows]
        return Texts(
            words=list(self._words),
            word_index=np.fromiter((w for row in self._rows for w in row), np.int32, count=sum(lengths)),
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32),
            raw=list(self._raw),
        )


@dataclass(frozen=True, slots=True)
class TextBatch(Generic[ArrayT]):
    """The texts of a batch of records, joined; words are distinct within the batch.

    A backbone that reads texts makes a word of every text that is not empty.
    """

    word_vectors: ArrayT
    """`(U, vector_dim)` float32, as `vectors_of` returns them; or what `join` was told to take instead."""
    word_index: ArrayT
    """`(P,)` int64."""
    offsets: ArrayT
    """`(X + 1,)` int64."""
    record_offsets: ArrayT
    """`(B,)` int64: first word position of each record."""

    num_records: int
    num_texts: int

    @staticmethod
    def join(
        records: list[Texts], backbone: Backbone, rows: WordRows | None = None
    ) -> tuple[TextBatch[np.ndarray], list[int]]:
        """Join the texts of several records.

        Args:
            rows: gives what stands for each word, in place of `vectors_of`: what layers have made of it before, say.

        Returns:
            The batch, and per record what to add to its text numbers.

        Raises:
            InputError: if the backbone reads texts, and a record comes from a shard that keeps none.
        """
        items = _Words() if backbone.reads == "words" else _WholeTexts()
        rows = rows or partial(vectors_of, backbone=backbone)
        index_parts: list[np.ndarray] = []
        offset_parts: list[np.ndarray] = [np.zeros(1, np.int64)]
        first_text: list[int] = []
        first_position: list[int] = []
        num_texts = num_positions = 0
        for texts in records:
            index, offsets = items.positions(texts)
            index_parts.append(index)
            offset_parts.append(offsets[1:].astype(np.int64) + num_positions)
            first_text.append(num_texts)
            first_position.append(num_positions)
            num_texts += len(offsets) - 1
            num_positions += len(index)
        batch = TextBatch(
            word_vectors=rows(list(items.known)),
            word_index=np.concatenate(index_parts),
            offsets=np.concatenate(offset_parts),
            record_offsets=np.array(first_position, np.int64),
            num_records=len(records),
            num_texts=num_texts,
        )
        return batch, first_text


def vector_dim(backbone: Backbone) -> int:
    """Return the length of a word's vector in a batch: the last `NUMBER_DIM` values are what the word is worth as a number."""
    return backbone.dim + NUMBER_DIM


def vectors_of(words: Sequence[Word], backbone: Backbone) -> np.ndarray:
    """Return what the backbone makes of each word, then what the word is worth as a number: `(len(words), vector_dim)`."""
    if backbone.reads == "words":
        return np.concatenate([backbone(list(words)), number_vectors(words)], axis=1)  # type: ignore[arg-type]
    texts, singles = zip(*words, strict=True) if words else ((), ())
    number = {text: i for i, text in enumerate(dict.fromkeys(texts))}
    rows = [number[text] for text in texts]
    return np.concatenate([backbone(list(number))[rows], number_vectors(list(singles))], axis=1)


class _Words:
    """The distinct words of a batch."""

    def __init__(self) -> None:
        self.known: dict[Word, int] = {}

    def positions(self, texts: Texts) -> tuple[np.ndarray, np.ndarray]:
        """Return which word stands at each position of a record, and where its texts begin there."""
        known = self.known
        renumber = np.fromiter(
            (known.setdefault(word, len(known)) for word in texts.words), np.int64, count=len(texts.words)
        )
        return renumber[texts.word_index], texts.offsets


class _WholeTexts:
    """The distinct texts of a batch; one that reads as a single word is worth what that is as a number."""

    def __init__(self) -> None:
        self.known: dict[Word, int] = {}

    def positions(self, texts: Texts) -> tuple[np.ndarray, np.ndarray]:
        """Return which text stands at each position of a record, and where its texts begin there; empty ones have none."""
        known, raw = self.known, list(texts.raw)
        pairs = zip(raw, texts.single_words(), strict=True)
        index = np.array([known.setdefault(pair, len(known)) for pair in pairs if pair[0]], np.int64)
        return index, np.concatenate([[0], np.cumsum([bool(text) for text in raw])])
