"""Writing inside another's output: how far the field reaches that a text stands in, and which signs it may hold."""

from __future__ import annotations

import re

_QUOTES = "\"'"
_KEY_LINE = re.compile(r"^[ \t]*(?:- )?[\w-]{1,40}:(?: |$)", re.MULTILINE)
_REACH = 4_000
_WRITTEN = str.maketrans({"'": "\u2019", '"': "", "\\": " ", "\n": " ", "\r": " ", "<": "", ">": ""})


def written(text: str) -> str:
    """Return a text without the signs that could end the field it is written into, whatever the format."""
    return text.translate(_WRITTEN)


def field_around(content: str, start: int, end: int, bounds: tuple[int, int]) -> tuple[int, int]:
    """Return where the field around a text starts and ends: it may be written anywhere in it.

    A field ends at a quote sign, at a tag, or at a line that looks like the key of a record; never beyond the bounds. What is
    too far away is not looked at: a smaller field than the true one only leaves out places.
    """
    low, high = max(bounds[0], start - _REACH), min(bounds[1], end + _REACH)
    before, behind = content[low:start], content[end:high]
    left = max((before.rfind(sign) + 1 for sign in (*_QUOTES, "<", ">", "[", "{")), default=0)
    keys = [match.end() for match in _KEY_LINE.finditer(before)]
    left = max([left, *keys[-1:]])
    ends = [at for at in (behind.find(sign) for sign in (*_QUOTES, "<", ">", "]", "}", "\\'")) if at >= 0]
    key = _KEY_LINE.search(behind)
    if key is not None:
        ends.append(key.start())
    right = min(ends, default=len(behind))
    while right and behind[right - 1] in "\\ \n":
        right -= 1
    while left < len(before) and before[left] in "\\ \nn" and before[left:].strip("\\ \nn"):
        left += 1
    if not before[left:].strip("\\ \nn"):
        left = len(before)  # nothing but line breaks stands before it
    return low + left, end + right
