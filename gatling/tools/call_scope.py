"""How much a call asks for, by its tool's name and its arguments only.

Volume: an explicit limit (`LIMITS` of the catalogue), else the longest list among the arguments, else what such a tool usually
returns: 100 where it reads a whole channel, inbox or store, 10 where it searches or names many, 1 for all other calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gatling.schema.words import split_words
from gatling.tools.derive import LIMITS, effect_of, sensitivity_of
from gatling.tools.naming import singular

_RANK = {name: i for i, name in enumerate(LIMITS)}
_WHOLE = frozenset("all list dump export inbox history everything".split())
_SEARCHES = frozenset("search find query lookup".split())
_MAX_DIGITS = 18


def volume_of(tool_name: str, arguments: Mapping[str, Any]) -> int:
    """Return rows, records or files asked for, at least 1."""
    limits: list[tuple[int, int]] = []
    longest = 0
    stack: list[Any] = [arguments]
    while stack:
        item = stack.pop()
        if isinstance(item, Mapping):
            for key, value in item.items():
                rank, count = _RANK.get(" ".join(split_words(key))), _count(value)
                if rank is not None and count >= 1:
                    limits.append((rank, -count))
                stack.append(value)
        elif isinstance(item, (list, tuple)):
            longest = max(longest, len(item))
            stack.extend(item)
    if limits:
        return -min(limits)[1]
    return longest or _usual(tool_name)


def _count(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS:
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**_MAX_DIGITS:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _usual(tool_name: str) -> int:
    words = split_words(tool_name)
    if not words or effect_of(tool_name)[0] != "read":
        return 1
    is_many = any(singular(word) != word for word in words)
    if not _WHOLE.isdisjoint(words) or (words[0] == "read" and is_many):
        return 100
    return 10 if is_many or not _SEARCHES.isdisjoint(words) else 1


def sensitivity_of_call(tool_name: str) -> int:
    """Return what is touched, 1 public to 5 critical, by the words of the tool's name."""
    return sensitivity_of(tool_name, domain="")[0]
