"""How much a call asks for, by its tool's name and its arguments only.

Volume: an explicit limit (of several the plainest name of `LIMITS`) or a quantity, else the longest list among the arguments,
else what such a tool usually returns: 100 where it reads a whole channel, inbox or store, 10 where it searches or names many, 1
for all other calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gatling.schema.arguments import LIMITS, is_limit, name_words, number_of, walk
from gatling.schema.words import split_words
from gatling.tools.derive import effect_of, sensitivity_of
from gatling.tools.naming import singular

_RANK = {name: i for i, name in enumerate(LIMITS)}
_WHOLE = frozenset("all list dump export inbox history everything".split())
_SEARCHES = frozenset("search find query lookup".split())
_MOST = 10**18


def volume_of(tool_name: str, arguments: Mapping[str, Any]) -> int:
    """Return rows, records or files asked for, at least 1."""
    return volume_in(arguments) or _usual(tool_name)


def volume_in(arguments: Mapping[str, Any]) -> int:
    """Return rows, records or files that arguments ask for; 0 where they do not say."""
    limits: list[tuple[int, int]] = []
    longest = 0
    for path, value in walk(arguments):
        if isinstance(value, (list, tuple)):
            longest = max(longest, len(value))
        elif is_limit(path) or "quantity" in name_words(path):
            number = number_of(value)
            if number is not None and 1 <= number < _MOST and number == int(number):
                limits.append((_RANK.get(" ".join(name_words(path)), len(_RANK)), -int(number)))
    if limits:
        return -min(limits)[1]
    return longest


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
