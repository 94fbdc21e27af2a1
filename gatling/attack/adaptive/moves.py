"""The table of moves: a new one is a function and a row. They are applied in this order, each at most once.

What is paraphrased comes first, what is quoted or cut after it, and names last of the texts, so that a move reads what the moves
before it have written.
"""

from __future__ import annotations

from random import Random

from gatling.attack.adaptive import (
    addresses,
    arguments,
    attested,
    chaining,
    language,
    leaking,
    placing,
    quoting,
    spreading,
    tools,
    wording,
)
from gatling.attack.adaptive.draft import Draft
from gatling.attack.adaptive.move import Move
from gatling.errors import ConfigError


def early(draft: Draft, rng: Random) -> bool:
    """Make the calls as soon as the text, and what they rest on, has been read."""
    draft.order = "early"
    return True


def late(draft: Draft, rng: Random) -> bool:
    """Make the calls when the honest work is done."""
    draft.order = "late"
    return True


MOVES: tuple[Move, ...] = (
    *tools.MOVES,
    *leaking.MOVES,
    *addresses.MOVES,
    *wording.MOVES,
    *language.MOVES,
    *placing.CUTTING,
    *spreading.MOVES_OF_TEXTS,
    *quoting.MOVES,
    *arguments.MOVES,
    *spreading.MOVES_OF_CALLS,
    *chaining.MOVES,
    *attested.MOVES,
    *placing.PLACING,
    Move("early", "order", early),
    Move("late", "order", late),
)
FAMILIES = tuple(sorted({move.family for move in MOVES}))


def moves_of(chosen: list[str] | None = None, without: list[str] | None = None) -> tuple[Move, ...]:
    """Return the moves of some families, or all but those of some.

    Raises:
        ConfigError: for a name that is no family's, and where nothing is left.
    """
    for flag, names in (("--moves", chosen), ("--without-moves", without)):
        for name in names or ():
            if name not in FAMILIES:
                raise ConfigError(f"{flag} names {name!r}, it must be of {', '.join(FAMILIES)}")
    kept = tuple(m for m in MOVES if (not chosen or m.family in chosen) and m.family not in (without or ()))
    if not kept:
        raise ConfigError("--moves and --without-moves leave no move")
    return kept
