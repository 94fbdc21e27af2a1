"""Words that nobody has seen: a share of a step's words is spelt anew, in contexts and plans alike.

A model that is trained on the words of a hundred domains learns these words by heart, and what it learns of them is of no use
in the next domain. So, in each step, some words are replaced by words that no table knows: vowels by vowels and consonants by
consonants, under a permutation of the step's own. A policy, its request and its plans are renamed alike, and words that share a
beginning are renamed together, so that what belongs together still does; only by spelling can the model tell.
"""

from __future__ import annotations

import hashlib
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gatling.features.backbone import Backbone
from gatling.schema.words import NEGATIONS

_VOWELS, _CONSONANTS = "aeiouy", "bcdfghjklmnpqrstvwxz"
_KEPT: Final = NEGATIONS | {"true", "false"}
_STEM = 4
_MIN_CHARS = 3
_SCALE = 2**64


class RenamedWords:
    """A backbone that reads words, some of them renamed.

    Args:
        backbone: what reads the words then.
        share: of the words that are renamed, in [0, 1]; negations, numbers and words of one or two letters are kept.
        key: names the step: the same words are renamed in the same way under the same key.
    """

    reads: Final = "words"

    def __init__(self, backbone: Backbone, *, share: float, key: tuple[int, ...]) -> None:
        self._backbone = backbone
        self._share = share
        self._salt = ",".join(map(str, key)).encode()
        rng = Random(int.from_bytes(self._digest("letters")))
        pairs = [(letters, "".join(rng.sample(letters, len(letters)))) for letters in (_VOWELS, _CONSONANTS)]
        self._letters = str.maketrans("".join(a for a, _ in pairs), "".join(b for _, b in pairs))
        self.dim = backbone.dim

    def digest(self) -> bytes:
        return self._backbone.digest()

    def __call__(self, words: list[str], /) -> NDArray[np.float32]:
        """Return one row a word, `(len(words), dim)`."""
        renamed = [self.rename(word) for word in words]
        row = {word: i for i, word in enumerate(dict.fromkeys(renamed))}
        return self._backbone(list(row))[[row[word] for word in renamed]]

    def rename(self, word: str) -> str:
        """Return the word as it is read in this step."""
        if len(word) < _MIN_CHARS or word in _KEPT or not word.isalpha():
            return word
        is_renamed = int.from_bytes(self._digest(word[:_STEM])) < self._share * _SCALE
        return word.translate(self._letters) if is_renamed else word

    def _digest(self, text: str) -> bytes:
        return hashlib.blake2b(text.encode(), digest_size=8, key=self._salt).digest()
