"""What a call carries in its arguments: whether a value that was read stands there, also in pieces, encoded or with other separators.

Values are compared by their letters and digits. Of a short value a whole word must be it; of a longer one a run, or a word that is half
of it or more. Linear in the arguments, however many values there are to be looked for (`CarriedValues.of`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from gatling.provenance.encodings import decoded, scrambled
from gatling.schema.arguments import dotted, leaf_text, leaves
from gatling.schema.budget import checked
from gatling.tools.private_values import squash

MAX_CHARS = 8_192
"""Of one argument; what is longer is a text, and no query."""
_LONG = 6
"""Characters from which on a run inside a longer word counts."""
_LEAST_PIECE = 5
_WORD = re.compile(r"[^\W_]+")


class CarriedValues:
    """The texts of a call's arguments, with what they decode to."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self._runs: list[tuple[str, str]] = []  # argument, its letters and digits
        self._words: dict[str, str] = {}
        for path, value in leaves(arguments):
            text = leaf_text(value)[:MAX_CHARS]
            if text:
                self._add(dotted(path), text)

    def _add(self, argument: str, text: str) -> None:
        plain = decoded(text)
        for form in (text, *plain, *scrambled(text)):
            self._runs.append((argument, squash(form)))
        for form in (text, *plain):
            for word in _WORD.findall(form):
                self._words.setdefault(squash(word), argument)

    def argument_of(self, squashed: str) -> str | None:
        """Return the argument that carries a value, as `squash` writes it; None if none does."""
        if squashed in self._words:
            return self._words[squashed]
        if len(squashed) < _LONG:
            return None
        for argument, run in self._runs:
            if squashed in run:
                return argument
        pieces = (w for w in self._words if len(w) >= max(_LEAST_PIECE, len(squashed) / 2) and w in squashed)
        return next((self._words[w] for w in pieces if any(c.isdigit() for c in w)), None)

    def of(self, is_known: Callable[[str], bool], lengths: Iterable[int]) -> Iterator[str]:
        """Yield the known values that stand in the arguments as words or runs.

        Args:
            is_known: tells whether letters and digits are one of the values.
            lengths: how long values are.
        """
        yield from (word for word in self._words if is_known(word))
        for length in checked(sorted({n for n in lengths if n >= _LONG})):
            for _, run in self._runs:
                for at in range(len(run) - length + 1):
                    if is_known(run[at : at + length]):
                        yield run[at : at + length]
