"""Backbone: words or texts to vectors. What is not learned about them stands behind this interface, so another can replace it.

A backbone says which of the two it reads. One that reads words is given them as `schema.words` splits and normalises texts, and
a text is the average of its words, under learned weights. One that reads texts is given them as they were written, for a
tokenizer of its own, say, and makes one vector of each. What numbers are worth stands apart (`numbers`), the same for all.

Encoders are trained on the vectors of one backbone, so its name is one of their hyperparameters and its digest stands beside
their weights; with another one they are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from gatling.errors import ConfigError
from gatling.features.words import WordVectors

DEFAULT_BACKBONE = "lexicon"


@runtime_checkable
class Backbone(Protocol):
    """Turns words or texts to vectors; the same in every process, on every machine."""

    @property
    def reads(self) -> Literal["words", "texts"]:
        """What it is called with."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    def digest(self) -> bytes:
        """Return 32 bytes that identify whatever a vector depends on."""

    def __call__(self, items: list[str], /) -> NDArray[np.float32]:
        """Return one row an item, `(len(items), dim)`; no row depends on the other items. Items are distinct and may be none."""


def _make_minilm(use_table: bool) -> Backbone:
    from gatling.features.minilm import MiniLM  # its weights are an extra

    return MiniLM()


BACKBONES: dict[str, Callable[[bool], Backbone]] = {
    DEFAULT_BACKBONE: lambda use_table: WordVectors(use_table=use_table),
    "minilm": _make_minilm,
}
"""How to make each; `use_table` is False where an ablation asks for vectors without what was learned from other text. A new
backbone is a file with its class, and a row here."""


def make_backbone(name: str, *, use_table: bool = True) -> Backbone:
    """Return a registered backbone. Raises: ConfigError for another name."""
    if name not in BACKBONES:
        raise ConfigError(f"there is no backbone {name!r}; there are {', '.join(sorted(BACKBONES))}")
    return BACKBONES[name](use_table)
