"""The numbers that a value of a call stands for, or can stand for. A limit holds against all of them.

| value | is read as |
| --- | --- |
| `5000`, `"5,000"`, `" 5000 "` | that number |
| `"5.000,00"`, `"1.234"` | both numbers that it can be |
| `"450 EUR"`, `"$450"` | 450 of an unknown currency: too much is too much, but little may be much of another |
| `{"value": 5000, "currency": "EUR"}`, `'{"value": 5000}'` | the numbers in it |
| `[5000]` | the numbers in it for an amount or a page size, how many there are for recipients; either, where it may be both |
| `"a@b.co c@d.co"`, `{"to": ["a@b.co"]}`, `[["a@b.co"]]` of recipients | how many there are |
| `-1`, and 0 of a page size | perhaps all there is: open |
| anything else | no number: a requirement fails, a denial is open; `null` is open, as it may mean all |
"""

from __future__ import annotations

import re
from typing import Any, Literal

from gatling.policy.inner import json_in
from gatling.schema.arguments import (
    MAX_NUMBER_CHARS,
    is_amount,
    is_destination_name,
    is_limit,
    leaves,
    name_words,
    number_of,
)

_DIGIT = re.compile(r"\d")
_SEPARATORS = re.compile("[,;\r\n]")
_SIGNS_OF_ADDRESSES = re.compile(r"[^\s,;<>]@[^\s,;<>]")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d+)?|[+-]?\d+,\d{1,2}")
_PLAIN = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?|[+-]?\.\d+")
_MONEY = re.compile(r"(?:[A-Z]{3}|[€$£¥])?\s*([+-]?[\d.,]*\d)\s*(?:[A-Z]{3}|[€$£¥])?")
_SMALL_UNITS = frozenset("cents cent pence minor micros".split())

Mode = Literal["each", "either", "unknown", "none"]
"""Of several numbers: each counts, or one of them does, or there is more that nobody knows; or there is none."""


def may_mean_all(number: float, argument: str) -> bool:
    return number < 0 if not is_limit(argument) else number <= 0


def readings(value: Any, argument: str) -> tuple[tuple[float, ...], Mode]:
    """Return the numbers that a value stands for or can stand for, and which of the two."""
    if isinstance(value, str):
        return _of_text(value, argument)
    if isinstance(value, (list, dict)):
        return _of_many(value, argument)
    number = number_of(value)
    return ((number,), "each") if number is not None else ((), "none")


def _of_text(text: str, argument: str) -> tuple[tuple[float, ...], Mode]:
    stripped = text.strip()
    value = json_in(stripped) if stripped[:1] in ("{", "[") else None
    if isinstance(value, (list, dict)):
        return _of_many(value, argument)
    if is_destination_name(argument):
        return (_receivers_in(text),), "each"
    if len(stripped) > MAX_NUMBER_CHARS:
        return (), "none"
    money = _MONEY.fullmatch(stripped)
    bare = money.group(1) if money else stripped
    found = [number_of(bare)] if _PLAIN.fullmatch(bare) else []
    if _GROUPED.fullmatch(bare):
        found.append(number_of(bare.replace(".", "").replace(",", ".")))
    numbers = tuple(n for n in found if n is not None)
    if not numbers:
        return (), "none"
    return numbers, "unknown" if bare != stripped else "either"


def _of_many(value: list[Any] | dict[str, Any], argument: str) -> tuple[tuple[float, ...], Mode]:
    """Read the numbers in a list or a mapping, and how many items there are, as the name of the argument wants."""
    if is_destination_name(argument):
        return (_receivers(value),), "each"
    numbers: list[float] = []
    has_unknown = False
    for path, leaf in leaves(value):
        number = number_of(leaf) if not isinstance(leaf, str) or _PLAIN.fullmatch(leaf.strip()) else None
        if number is None:
            has_unknown |= isinstance(leaf, str) and bool(_DIGIT.search(leaf))
        else:
            numbers.append(number)
            has_unknown |= not _SMALL_UNITS.isdisjoint(name_words(path))
    if value and (is_amount(argument) or is_limit(argument)):
        return tuple(numbers), "unknown" if has_unknown or not numbers else "each"
    count = _items(value)
    if not numbers:
        return (count,), "each"
    return (*dict.fromkeys((*numbers, count)),), "either"


def _items(value: list[Any] | dict[str, Any]) -> int:
    """Return how many items a value has, those of lists in a list included. Depth is bounded by the decoder, 64."""
    if isinstance(value, dict):
        return len(value)
    return sum(_items(item) if isinstance(item, list) else 1 for item in value)


def _receivers(value: Any) -> int:
    """Return how many receivers a value names: each item of a list, each address in a text, each key that is one."""
    if isinstance(value, str):
        return _receivers_in(value)
    if isinstance(value, list):
        return sum(map(_receivers, value))
    if isinstance(value, dict):
        named = sum("@" in key for key in value)
        below = sum(
            _receivers(v) for v in value.values() if isinstance(v, (list, dict)) or (isinstance(v, str) and "@" in v)
        )
        return max(1 if value else 0, named + below)
    return 1


def _receivers_in(text: str) -> int:
    parts = sum(bool(part.strip()) for part in _SEPARATORS.split(text))
    return max(parts, len(_SIGNS_OF_ADDRESSES.findall(text)))
