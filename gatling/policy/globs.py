"""Patterns with `*` (anything) and `?` (one character), as access policies write them.

Matching never backtracks over what it has matched, so a hostile pattern cannot stall it. Patterns with `?` are compiled by
`fnmatch` (since Python 3.11 with atomic groups). With `*` alone, searching for the pieces is linear, and `fnmatch` is not: a
piece of 5,000 letters against a text of 100,000 takes it 2.5 s, a pattern of a million letters 8 s.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from functools import lru_cache

from gatling.errors import InputError
from gatling.schema.lru import remembered
from gatling.schema.words import split_words

MAX_STEPS = 10_000_000


def matches(pattern: str, text: str) -> bool:
    """Tell whether the whole text matches the pattern, letter case included."""
    if "?" in pattern:
        return _matches_slowly(pattern, text)
    if "*" not in pattern:
        return pattern == text
    head, *middle, tail = pattern.split("*")
    if len(text) < len(head) + len(tail) or not text.startswith(head) or not text.endswith(tail):
        return False
    place, end = len(head), len(text) - len(tail)
    for piece in middle:
        found = text.find(piece, place, end)
        if found < 0:
            return False
        place = found + len(piece)
    return True


def _matches_slowly(pattern: str, text: str) -> bool:
    """The same with `?`, in at most pattern times text steps, as no part of such an expression is tried twice."""
    if len(pattern) * len(text) > MAX_STEPS:
        raise InputError(f"a pattern of {len(pattern)} characters with `?` against a text of {len(text)}")
    return _compiled(pattern)(text) is not None


def expression(pattern: str) -> str:
    """Return the regular expression of a pattern. Brackets, which `fnmatch` reads as sets, stand for themselves."""
    return fnmatch.translate(pattern.replace("[", "[[]"))


@lru_cache(maxsize=4_096)
def _compiled(pattern: str) -> Callable[[str], re.Match[str] | None]:
    return re.compile(expression(pattern)).match


def covers(wide: str, narrow: str) -> bool:
    """Tell whether every text that `narrow` matches is matched by `wide`; may say no where the answer is yes.

    Exact for patterns that have `*` at the end only.
    """
    if wide == narrow or wide == "*":
        return True
    if "*" not in narrow and "?" not in narrow:
        return matches(wide, narrow)
    head = wide.rstrip("*")
    return wide.endswith("*") and not set("*?") & set(head) and narrow.startswith(head)


@remembered(65_536)
def squashed(name: str) -> str:
    """Return a name without case, separators and disguises: `s3:GetObject`, `s3_get_object` -> `s3getobject`.

    Wildcards stay. Only ASCII letters, digits and wildcards are left of what `split_words` reads.
    """
    parts: list[str] = []
    for piece in name.replace("?", "\x00?\x00").replace("*", "\x00*\x00").split("\x00"):
        parts.append(piece if piece in ("*", "?") else "".join(w for w in split_words(piece) if w[0].isalnum()))
    return "".join(parts)


@remembered(65_536)
def squashed_name(name: str) -> str:
    """Return the name of a call, an argument or a role squashed; `*` and `?` in it are separators like any others."""
    return squashed(name).replace("*", "").replace("?", "")
