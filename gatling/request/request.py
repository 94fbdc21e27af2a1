"""The words of a request, and how far other words are called for by them.

Two words agree when their stems are equal, and to a degree when the bundled word table places them close together. That
knows neither order nor negation: it says what a request is about, not what it says about it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import InitVar, dataclass, field

import numpy as np
from numpy.typing import NDArray

from gatling.features.words import LEXICON_DIM, lexicon
from gatling.schema.words import split_words, stem

STOP_WORDS = frozenset(
    "the a an of to in on for and or is are be with from at by it this that my me i you please can could all any your his "
    "her their our we he she they as if not no do does did what which who there was were has have had will would should "
    "also then than so into about up out".split()
)
_MAX_PLACES = 64
_MAX_COMPARED = 2_048
_ADDRESS = re.compile(r"[^\s@]{1,64}@[^\s@]{1,253}")
# "Post it to www.acme.com.They sent it": the next sentence, and no longer host.
_END_OF_SENTENCE = re.compile(r"(?<=[a-z0-9])\.(?=[A-Z][a-z]*(?:\s|$))")
# Words by which a request hands over to another text.
_DELEGATING = frozenset(
    "instruction instruct task step follow action todo accord mention describ say said note request do perform handl "
    "complet".split()
)


def content_words(text: str) -> list[str]:
    """Return the words of a text that carry content, in order, repeats included."""
    return [word for word in split_words(text) if word not in STOP_WORDS]


def _ends_here(text: str, start: int, end: int, ends: frozenset[int]) -> bool:
    """Tell whether `text[start:end]` is bounded by what does not continue a word, an address or a host.

    Args:
        ends: positions of full stops that end a sentence though no space follows.
    """
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    goes_back = bool(before) and (
        before[-1].isalnum() or (before[-1] in "@._+-" and before[0].isalnum() and len(before) > 1)
    )
    goes_on = bool(after) and (after[0].isalnum() or (after[0] in "@._+-" and len(after) > 1 and after[1].isalnum()))
    return not (goes_back and text[start].isalnum()) and not (goes_on and text[end - 1].isalnum() and end not in ends)


@functools.lru_cache(16_384)
def _direction(word: str) -> NDArray[np.float32]:
    vector = lexicon().vectors([word])[0]
    length = float(np.linalg.norm(vector))
    return np.asarray(vector / max(length, 1e-6), np.float32)


def directions(words: Sequence[str]) -> NDArray[np.float32]:
    """Return unit vectors of the word table, `(len(words), LEXICON_DIM)`; zeros for words that it does not know."""
    return np.stack([_direction(word) for word in words]) if words else np.zeros((0, LEXICON_DIM), np.float32)


@dataclass(frozen=True)
class Request:
    """What was asked, in forms to compare with."""

    written: InitVar[str]
    text: str = field(init=False)
    """In lower case."""
    words: frozenset[str] = field(init=False)
    words_beside_addresses: frozenset[str] = field(init=False)
    """Those that stand outside of addresses: `ann@acme.com` names no Ann at another host."""
    content: tuple[str, ...] = field(init=False)
    """Distinct content words, in order."""
    stems: frozenset[str] = field(init=False)
    delegation: float = field(init=False)
    """Share of content words by which a request hands over to another text, 0 to 1."""
    _vectors: NDArray[np.float32] = field(init=False, repr=False)
    _near: dict[str, float] = field(init=False, repr=False, default_factory=dict)

    _ends: frozenset[int] = field(init=False, repr=False)

    def __post_init__(self, written: str) -> None:
        text = written.lower()
        words = split_words(text)
        content = [w for w in dict.fromkeys(words) if w.isdigit() or (w not in STOP_WORDS and len(w) > 1)]
        set_field = functools.partial(object.__setattr__, self)
        set_field("text", text)
        ends = (m.start() for m in _END_OF_SENTENCE.finditer(written))
        set_field("_ends", frozenset(ends) if len(text) == len(written) else frozenset())
        set_field("words", frozenset(words))
        set_field("words_beside_addresses", frozenset(split_words(_ADDRESS.sub(" ", text))))
        set_field("content", tuple(content))
        set_field("stems", frozenset(map(stem, content)))
        set_field("delegation", sum(stem(w) in _DELEGATING for w in content) / max(1, len(content)))
        set_field("_vectors", directions(content if len(content) <= _MAX_COMPARED else []))

    def has(self, word: str) -> bool:
        """Tell whether the request has the word, in any form."""
        return stem(word) in self.stems

    def share(self, words: Sequence[str]) -> float:
        """Return the share of words that the request has, 0 to 1; 0 for none."""
        return sum(map(self.has, words)) / len(words) if words else 0.0

    def nearness(self, words: Sequence[str]) -> list[float]:
        """Return for each word the cosine to the nearest word of the request, in [-1, 1], 1.0 for a word that it has.

        Of a request of more than 2,048 distinct words no word is near that it does not have: -1.
        """
        if not self.content:
            return [0.0] * len(words)
        missing = [w for w in dict.fromkeys(words) if w not in self._near]
        if missing:
            # In double precision and rounded, so that a word is as near whatever else is asked for in the same call.
            cosines = (directions(missing).astype(np.float64) @ self._vectors.T.astype(np.float64)).max(
                axis=1, initial=-1.0
            )
            found = {w: 1.0 if self.has(w) else round(float(c), 6) for w, c in zip(missing, cosines, strict=True)}
            if len(self._near) < 4_096:
                self._near.update(found)
            else:
                return [self._near[w] if w in self._near else found[w] for w in words]
        return [self._near[w] for w in words]

    def states(self, text: str) -> bool:
        """Tell whether a text stands in the request to the letter, apart from case, and not as a part of a longer name.

        `ann@example.co` does not stand in `ann@example.com`, nor `ann` in `joann` or `ann@evil.example`.
        """
        text = text.lower().strip()
        if len(text) < 2:
            return False
        at = self.text.find(text)
        for _ in range(_MAX_PLACES):  # a bound on what a request of one letter repeated costs
            if at < 0:
                break
            if _ends_here(self.text, at, at + len(text), self._ends):
                return True
            at = self.text.find(text, at + 1)
        return False
