"""Other languages than English: what they say of orders, deeds and hand-overs, put into the English words for it.

    "Bitte den Betrag an Anna ueberweisen."       please transfer the betrag to Anna
    "Fais ce que Paul demande dans son message."  do what Paul asks in his message
    "Bezahle die Rechnung nicht."                 do not pay the bill

So whoever reads English reads them too, and asks nothing new. This is no translation: what the tables (`assets/languages.txt`)
do not have stays as it is, names and values above all. Most texts are English; the tables and their reader are loaded for others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Refused:
    """A clause that is negated, or what stands in it behind a word like `without`."""

    start: int
    end: int
    english: str


@dataclass(frozen=True, slots=True)
class Said:
    """A text of another language, in English as far as the tables go."""

    text: str
    num_orders: int
    """Words of deeds and of order moods that were put into English."""
    refused: tuple[Refused, ...]
    """In order."""


def in_english(text: str) -> Said | None:
    """Return what a text says in English words; None where no other language is recognised in it."""
    if text.isascii() and telling_words().isdisjoint(_LETTERS.findall(text.lower())):
        return None
    from gatling.request.language_reader import read

    return read(text)


@cache
def telling_words() -> frozenset[str]:
    """Return the words with which something begins that is of another language and not of English.

    `scripts/build_language_words.py` makes their file of the tables.
    """
    return frozenset((files("gatling") / "assets" / "language_words.txt").read_text("utf-8").split())
