"""Backbone: words to vectors. What is not learned about words stands behind this interface, so that another can take its place.

Encoders are trained on the vectors of one backbone, so its name is one of their hyperparameters and its digest stands beside
their weights; with another one they are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from gatling.errors import ConfigError
from gatling.features.words import WordVectors

DEFAULT_BACKBONE = "lexicon"


@runtime_checkable
class Backbone(Protocol):
    """Turns words, as texts are split into them, to vectors; the same in every process, on every machine."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    @property
    def number_dim(self) -> int:
        """How many of the last values are the magnitude of a number, which lexical matching starts out to heed little."""

    def digest(self) -> bytes:
        """Return 32 bytes that identify whatever a vector depends on."""

    def __call__(self, words: list[str]) -> NDArray[np.float32]:
        """Return one row a word, `(len(words), dim)`; no row depends on the other words."""


BACKBONES: dict[str, Callable[[bool], Backbone]] = {
    DEFAULT_BACKBONE: lambda use_table: WordVectors(use_table=use_table)
}
"""How to make each; `use_table` is False where an ablation asks for vectors without what was learned from other text. A new
backbone is a file with its class, and a row here."""


def make_backbone(name: str, *, use_table: bool = True) -> Backbone:
    """Return a registered backbone. Raises: ConfigError for another name."""
    if name not in BACKBONES:
        raise ConfigError(f"there is no backbone {name!r}; there are {', '.join(sorted(BACKBONES))}")
    return BACKBONES[name](use_table)
