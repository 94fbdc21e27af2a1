"""What a move is: one thing that an attacker can do otherwise, as a change of a draft."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from gatling.attack.adaptive.draft import Draft


@dataclass(frozen=True, slots=True)
class Move:
    """A row of the table of moves."""

    name: str
    family: str
    apply: Callable[[Draft, Random], bool]
    """Changes the draft, as the random numbers will have it; False where there is nothing that it can change."""


def each_text(draft: Draft, change: Callable[[str, int], str | None]) -> bool:
    """Change every text of the attacker for which there is a change; tell whether there was one."""
    has_changed = False
    for i, text in enumerate(draft.texts):
        new = change(text, i)
        if new is not None and new != text:
            draft.texts[i] = new
            has_changed = True
    return has_changed
