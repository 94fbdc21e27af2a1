"""Words to vectors: the bundled word table, and hashed character n-grams.

A word's vector has two parts:

- `LEXICON_DIM` values from the word table (`assets/lexicon.safetensors`): the mean over the word's pieces. Zero where
  the table does not know the word. Its length is small for words that are frequent in English, about 1 for rare ones.
- `NGRAM_DIM` values that identify the spelling: the mean of one fixed sign vector per character n-gram, each made from
  a cryptographic digest of the n-gram. No table, no salt: the same in every process, on every machine. Its length is
  that of the word-table part, so frequent words weigh little here too, and 1 for a word that the table does not know.
None of it is trained, so none of it is in a checkpoint; `feature_digest` identifies the version that a checkpoint was
trained with.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gatling.features.mapped import mapped_arrays
from gatling.features.numbers import NUMBER_DIM
from gatling.features.wordpiece import WordPiece
from gatling.schema.budget import checked
from gatling.schema.lru import remembered

LEXICON_DIM = 128
NGRAM_DIM = 512
WORD_DIM = LEXICON_DIM + NGRAM_DIM
FEATURE_VERSION = 2

_LEXICON_SHA256 = "1bed1e296d0ea9569933fe7da2c2f560cdc2bfdb0bc96d196f5ae061b630dcdb"
_ASSETS = Path(__file__).parent.parent / "assets"
_CACHE_WORDS = 10_000
_CACHE_CHARS = 64
_LEXICON_UNIT = 6.0  # length of a rare word's row: the third quartile of the table
_MIN_LENGTH = 0.05
_MAX_NGRAM_CHARS = 64

Floats = NDArray[np.float32]


class Lexicon:
    """The bundled word table: 29,525 word pieces of all-MiniLM-L6-v2, 128 dimensions, 8 bits."""

    def __init__(self) -> None:
        path = _ASSETS / "lexicon.safetensors"
        with path.open("rb") as stream:
            self.sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        if self.sha256 != _LEXICON_SHA256:
            raise RuntimeError(f"gatling/assets/lexicon.safetensors is damaged: its SHA-256 is {self.sha256}")
        arrays = mapped_arrays(path)
        self._table: NDArray[np.int8] = arrays["table"]
        self._scale: Floats = arrays["scale"]
        content = json.loads((_ASSETS / "lexicon.tokenizer.json").read_text("utf-8"))
        self._pieces = WordPiece(content["model"]["vocab"])

    def vectors(self, words: list[str]) -> Floats:
        """Return one row a word, `(len(words), LEXICON_DIM)`; a word with an unknown piece gets zeros."""
        out = np.zeros((len(words), LEXICON_DIM), np.float32)
        for row, word in checked(zip(out, words, strict=True)):
            ids = self._pieces.ids(word)
            if ids:
                total = np.add.reduce(self._table[ids] * self._scale[ids, None], axis=0)
                row[:] = total / np.float32(len(ids)) / _LEXICON_UNIT
        return out


@functools.lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    return Lexicon()


@remembered(4_096, max_chars=64)
def lexicon_row(word: str) -> Floats:
    """Return the row of one word, `(LEXICON_DIM,)`, which nobody may change. A decision asks for that of each new word twice: to
    compare requests by, and for the encoders."""
    return np.asarray(lexicon().vectors([word])[0], np.float32)


def ngram_vector(word: str) -> Floats:
    """Return the hashed spelling of a word, `(NGRAM_DIM,)`, of length 1.

    N-grams are the word itself and its 3- and 4-character windows with end marks; the word has half the weight.
    """
    marked = f"<{word[:_MAX_NGRAM_CHARS]}>"
    grams = [f"={word}"]
    grams += [marked[i : i + n] for n in (3, 4) for i in range(len(marked) - n + 1)]
    digests = b"".join(hashlib.blake2b(g.encode(), digest_size=NGRAM_DIM // 8).digest() for g in grams)
    bits = np.unpackbits(np.frombuffer(digests, np.uint8)).reshape(len(grams), NGRAM_DIM)
    signs = bits.astype(np.float32) * 2 - 1
    # Sums of n sign vectors have a length of about sqrt(n).
    vector = signs[0] + signs[1:].sum(axis=0) / math.sqrt(max(1, len(grams) - 1))
    return np.asarray(vector / max(length_of(vector), 1e-6), np.float32)


def length_of(vector: Floats) -> float:
    """Return what `np.linalg.norm` does, to the bit, in a quarter of its time for a vector of one word."""
    return float(np.sqrt(vector.dot(vector)))


class WordVectors:
    """Word vectors with a bounded cache.

    Args:
        use_table: without it the first `LEXICON_DIM` values are zero, for measuring what the word table gives.
    """

    reads: Final = "words"
    dim = WORD_DIM

    def __init__(self, *, use_table: bool = True) -> None:
        self.use_table = use_table
        self._cache: dict[str, Floats] = {}

    def __call__(self, words: list[str]) -> Floats:
        """Return one row a word, `(len(words), WORD_DIM)`."""
        cache = self._cache
        missing = [word for word in words if word not in cache]
        if len(cache) + len(missing) > _CACHE_WORDS:
            cache = self._cache = {}
            missing = words
        if missing:
            rows = np.zeros((len(missing), WORD_DIM), np.float32)
            for row, word in checked(zip(rows, missing, strict=True)):
                if self.use_table:
                    row[:LEXICON_DIM] = lexicon_row(word)
                length = length_of(row[:LEXICON_DIM])
                weight = min(max(length, _MIN_LENGTH), 1.0) if length else 1.0
                row[LEXICON_DIM:] = ngram_vector(word) * weight
            cache.update((word, row) for word, row in zip(missing, rows, strict=True) if len(word) <= _CACHE_CHARS)
            long = {word: row for word, row in zip(missing, rows, strict=True) if len(word) > _CACHE_CHARS}
            if long:
                return np.stack([long[word] if word in long else cache[word] for word in words])
        if not words:
            return np.zeros((0, WORD_DIM), np.float32)
        return np.stack([cache[word] for word in words])

    def digest(self) -> bytes:
        """Return what stands beside the weights of an encoder that was trained on these vectors."""
        return hashlib.sha256(f"{feature_digest()}:{self.use_table}".encode()).digest()

    def __reduce__(self) -> tuple[Any, ...]:  # data-loader workers start with an empty cache
        return (_make_word_vectors, (self.use_table,))


def _make_word_vectors(use_table: bool) -> WordVectors:
    return WordVectors(use_table=use_table)


@functools.lru_cache(maxsize=1)
def feature_digest() -> str:
    """Hex digest of everything that turns text into numbers; stored in checkpoints and compared on loading."""
    return hashlib.sha256(f"{FEATURE_VERSION}:{WORD_DIM + NUMBER_DIM}:{lexicon().sha256}".encode()).hexdigest()
