"""Numbers to vectors: sign, log-magnitude, and periodic features of both.

They stand apart from what a backbone makes of words or texts, so they are the same with every backbone.
"""

from __future__ import annotations

import functools
import math
import re

import numpy as np
from numpy.typing import NDArray

NUMBER_DIM = 20

_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[-+]\d+)?", re.ASCII)
_CACHED_CHARS = 32
_DIGITS = frozenset("0123456789")

Floats = NDArray[np.float32]


def number_vector(word: str) -> Floats:
    """Return the features of a number, `(NUMBER_DIM,)`, each in [-1, 1]; zeros if the word is not a number."""
    out = np.zeros(NUMBER_DIM, np.float32)
    if not _NUMBER.fullmatch(word):
        return out
    value = float(word)
    # log10(1 + |x|) of a finite double is at most 308.3; a longer digit string has overflowed to infinity.
    magnitude = min(math.log10(1 + abs(value)), 320.0)
    # Below 1 the logarithm itself, so that 1e-3 and 1e-6 differ.
    smallness = min(-math.log10(abs(value)), 320.0) if 0 < abs(value) < 1 else 0.0
    out[0] = 1.0
    out[1] = math.copysign(1.0, value) if value else 0.0
    out[2] = min(magnitude / 10, 1.0) - min(smallness / 10, 1.0)
    out[3] = 1.0 if math.isfinite(value) and value.is_integer() else 0.0
    for k in range(5):  # wavelengths of 16, 8, 4, 2 and 1 powers of ten
        angle = 2 * math.pi * magnitude / (16 / 2**k)
        out[4 + 2 * k], out[5 + 2 * k] = math.sin(angle), math.cos(angle)
    if math.isfinite(value):
        for k, wavelength in enumerate((10.0, 100.0, 1000.0)):
            angle = 2 * math.pi * math.fmod(value, wavelength) / wavelength
            out[14 + 2 * k], out[15 + 2 * k] = math.sin(angle), math.cos(angle)
    return out


def number_vectors(words: list[str]) -> Floats:
    """Return one row a word, `(len(words), NUMBER_DIM)`; zeros for what is not a number."""
    out = np.zeros((len(words), NUMBER_DIM), np.float32)
    for i in [i for i, word in enumerate(words) if word[-1:] in _DIGITS]:  # few words: the quick test first
        out[i] = _kept(words[i]) if len(words[i]) <= _CACHED_CHARS else number_vector(words[i])
    return out


_kept = functools.lru_cache(4_096)(number_vector)
