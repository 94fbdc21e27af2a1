"""What the layers make of single words, kept: agents write the same words again and again, and most of an encoding is theirs.

A word's row depends on the word alone, so it is that of any batch, but for rounding. It holds, side by side,

- what stands for the word in the lexical channel, `lexical_dim` values,
- its encoding, H values,
- the two scores by which the words of a text are weighed.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from gatling.features.backbone import Backbone
from gatling.features.text import Word, vectors_of
from gatling.runtime.arrays import Array, Weights, gelu, linear, product

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_BYTES = 16_000_000
_MAX_CHARS = 64


class KnownWords:
    """The rows of the words that were read since there were last too many; then all are forgotten. Safe to share between threads.

    Args:
        is_projected: keep words as the lexical channel projects them to the latent space, which is worth it where a batch has few
            new words; else keep their vectors.
        max_bytes: of all rows together.
    """

    def __init__(self, weights: Weights, backbone: Backbone, *, is_projected: bool, max_bytes: int = MAX_BYTES) -> None:
        self._weights, self._backbone, self._is_projected = weights, backbone, is_projected
        width = len(weights["text.word.2.bias"]) + 2
        width += weights["lexical_pool.project.weight"].shape[0 if is_projected else 1]
        self._kind = weights["log_mix"].dtype
        self._capacity = max(1, max_bytes // (width * self._kind.itemsize))
        self._shape = self._capacity, width
        self._lock = threading.Lock()
        self._places: dict[Word, int] = {}
        self._rows = np.empty(self._shape, self._kind)  # a page of it costs memory once it is written

    def __call__(self, words: list[Word]) -> Array:
        """Return the rows of words, `(len(words), lexical_dim + H + 2)`."""
        with self._lock:  # of both or of neither: whoever forgets all makes new ones
            places, rows = self._places, self._rows
        found = [places.get(word, -1) for word in words]
        out: Array = rows[found]
        missing = [i for i, place in enumerate(found) if place < 0]
        if missing:
            made = self._made([words[i] for i in missing])
            out[missing] = made
            self._keep([words[i] for i in missing], made)
        return out

    def _made(self, words: Sequence[Word]) -> Array:
        vectors = vectors_of(words, self._backbone).astype(self._kind, copy=False)
        encoded = linear(gelu(linear(vectors, self._weights, "text.word.0")), self._weights, "text.word.2")
        scores = linear(encoded, self._weights, "text.weights")
        if self._is_projected:
            vectors = product(vectors, self._weights["lexical_pool.project.weight"])
        return np.concatenate([vectors, encoded, scores], axis=1)

    def _keep(self, words: Sequence[Word], made: Array) -> None:
        short = [i for i, word in enumerate(words) if _chars(word) <= _MAX_CHARS]
        if len(short) > self._capacity:
            return
        with self._lock:
            if len(self._places) + len(short) > self._capacity:
                self._places, self._rows = {}, np.empty(self._shape, self._kind)
            for i in short:
                if words[i] not in self._places:
                    place = len(self._places)
                    self._rows[place] = made[i]
                    self._places[words[i]] = place  # last: who finds it reads a whole row


def _chars(word: Word) -> int:
    return len(word) if isinstance(word, str) else sum(map(len, word))
