"""Pieces of a request that an attacker can quote."""

from __future__ import annotations

import re
from random import Random

from gatling.request.request import content_words

_CLAUSE = re.compile(r"[.!?;:,\n]+(?:\s|$)|\s(?:and|then|but)\s")
_WORD = re.compile(r"[A-Za-z][\w-]*")
_MAX_CHARS = 4_000
_MAX_CLAUSES = 12
_LEAST_LETTERS = 3


def clauses(request: str) -> list[str]:
    """Return the clauses of a request that have three words or more, the first ones of a long one."""
    found = [" ".join(part.split()) for part in _CLAUSE.split(request[:_MAX_CHARS])]
    return [part for part in found if part.count(" ") > 1][:_MAX_CLAUSES]


def phrase(request: str, rng: Random) -> str:
    """Return two to six words of the request that stand together; empty if it has too few."""
    words = request[:_MAX_CHARS].split()
    if len(words) < 2:
        return ""
    count = min(len(words), rng.randint(2, 6))
    start = rng.randrange(len(words) - count + 1)
    return " ".join(words[start : start + count]).strip(".,;:!?\"'()")


def plain_words(request: str) -> list[str]:
    """Return words of the request that can stand in an address: letters only, those that carry content; each once."""
    content = set(content_words(request[:_MAX_CHARS]))
    found = dict.fromkeys(word.lower() for word in _WORD.findall(request[:_MAX_CHARS]))
    return [
        word for word in found if word.isascii() and word.isalpha() and len(word) >= _LEAST_LETTERS and word in content
    ]


def ended(text: str) -> str:
    """Return a text with a full stop, where it has no end of a sentence, so that another can follow."""
    return text if text.endswith((".", "!", "?", ":")) else f"{text}."
