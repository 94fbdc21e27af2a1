"""Whether a value of a call fits a condition: True, False, or None where it cannot be compared.

Two ways to ask. A requirement or a grant wants every value to fit, strictly; a denial is triggered by any value that fits,
leniently.

Numbers come in many shapes, and a limit holds against all of them (`readings`):

| value | is read as |
| --- | --- |
| `5000`, `"5,000"`, `" 5000 "` | that number |
| `"5.000,00"`, `"1.234"` | both numbers that it can be |
| `"450 EUR"`, `"$450"` | 450 of an unknown currency: too much is too much, but little may be much of another |
| `{"value": 5000, "currency": "EUR"}`, `'{"value": 5000}'` | the numbers in it |
| `[5000]` | the numbers in it for an amount or a page size, how many there are for recipients; either, where it may be both |
| `-1`, and 0 of a page size | perhaps all there is: open |
| anything else | no number: a requirement fails, a denial is open |
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from gatling.errors import InputError
from gatling.policy.clauses import ORDER_OPERATORS, Operator
from gatling.policy.globs import matches
from gatling.schema.arguments import (
    MAX_NUMBER_CHARS,
    is_amount,
    is_destination_name,
    is_limit,
    leaves,
    name_words,
    number_of,
)
from gatling.schema.plain import canonical_json, cut, decode_json
from gatling.schema.words import normalise

NEGATED = (Operator.DIFFERS, Operator.NOT_IN, Operator.NOT_LIKE)
FALLING = (Operator.AT_MOST, Operator.BELOW)
MAX_JSON_CHARS = 20_000

_DIGIT = re.compile(r"\d")
_SEPARATORS = re.compile("[,;]")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d+)?|[+-]?\d+,\d{1,2}")
_PLAIN = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?|[+-]?\.\d+")
_MONEY = re.compile(r"(?:[A-Z]{3}|[€$£¥])?\s*([+-]?[\d.,]*\d)\s*(?:[A-Z]{3}|[€$£¥])?")
_SMALL_UNITS = frozenset("cents cent pence minor micros".split())


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How a condition came out: True, False, or None for undecided; with what was found."""

    holds: bool | None
    argument: str | None = None
    found: str = ""
    is_absent: bool = False
    """The call has nothing to compare."""


Mode = Literal["each", "either", "unknown", "none"]
"""Of several numbers: each counts, or one of them does, or there is more that nobody knows; or there is none."""

ABSENT = CheckResult(False, is_absent=True, found="nothing")


def compare_all(values: list[Any], operator: Operator, wanted: Any, path: str, *, is_any: bool) -> CheckResult:
    """Compare every value of a name: one that stands twice in different case must not hide the other."""
    if not values:
        return CheckResult(True, path, "nothing") if is_any and operator in NEGATED else ABSENT
    outcomes = [compare(value, operator, wanted, path, is_any=is_any) for value in values]
    for decisive in (is_any, None):
        found = next((o for o in outcomes if o.holds is decisive), None)
        if found is not None:
            return found
    return outcomes[0]


def compare(value: Any, operator: Operator, wanted: Any, argument: str | None, *, is_any: bool = False) -> CheckResult:
    """Compare one value."""
    if operator in ORDER_OPERATORS:
        return _compare_order(value, operator, wanted, argument, is_any=is_any)
    items = [leaf for _, leaf in leaves(value)]
    if not items:
        return CheckResult(True, argument, "nothing") if is_any and operator in NEGATED else ABSENT
    choices = wanted if isinstance(wanted, tuple) else (wanted,)
    is_pattern = operator in (Operator.LIKE, Operator.NOT_LIKE)

    def fits(item: Any) -> bool:
        if is_pattern:
            known = any(matches(p.casefold(), _text(item, is_any)) for p in choices)
        else:
            known = any(_same(item, choice, is_any) for choice in choices)
        return known != (operator in NEGATED)

    # Of several items, the one that decides is shown.
    decisive = next((item for item in items if fits(item) == is_any), None)
    if decisive is None:
        return CheckResult(not is_any, argument, cut(items[0]))
    return CheckResult(is_any, argument, cut(decisive))


def _compare_order(value: Any, operator: Operator, wanted: Any, argument: str | None, *, is_any: bool) -> CheckResult:
    numbers, mode = readings(value, argument or "")
    if not numbers:
        holds = None if is_any or mode == "unknown" else False
        return CheckResult(holds, argument, f"{cut(value)}, not a number")
    outcomes = {_holds(number, operator, wanted) for number in numbers}
    decisive = next((n for n in numbers if _holds(n, operator, wanted) == is_any), numbers[0])
    shown = cut(decisive if isinstance(value, (list, dict)) else value)
    if outcomes == {is_any} or (is_any in outcomes and mode == "each"):
        return CheckResult(is_any, argument, shown)
    if outcomes == {not is_any} and mode != "unknown":
        # As a number it is small; what it may mean is more than any bound.
        is_upper = (operator in FALLING) != is_any
        if argument and is_upper and any(_may_mean_all(n, argument) for n in numbers):
            return CheckResult(None, argument, f"{shown}, which may mean all")
        return CheckResult(not is_any, argument, shown)
    return CheckResult(None, argument, f"{shown}, which cannot be compared with {wanted}")


def _holds(number: float, operator: Operator, wanted: Any) -> bool:
    if operator is Operator.AT_MOST:
        return bool(number <= wanted)
    if operator is Operator.BELOW:
        return bool(number < wanted)
    if operator is Operator.AT_LEAST:
        return bool(number >= wanted)
    return bool(number > wanted)


def _may_mean_all(number: float, argument: str) -> bool:
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
    if stripped[:1] in ("{", "[") and len(stripped) <= MAX_JSON_CHARS:
        try:
            value = decode_json(stripped)
        except InputError:
            value = None
        if isinstance(value, (list, dict)):
            return _of_many(value, argument)
    if is_destination_name(argument):
        return (len([part for part in _SEPARATORS.split(text) if part.strip()]),), "each"
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
    wants_number = is_amount(argument) or is_limit(argument)
    numbers: list[float] = []
    has_unknown = False
    for path, leaf in leaves(value):
        number = number_of(leaf) if not isinstance(leaf, str) or _PLAIN.fullmatch(leaf.strip()) else None
        if number is None:
            has_unknown |= isinstance(leaf, str) and bool(_DIGIT.search(leaf))
        else:
            numbers.append(number)
            has_unknown |= not _SMALL_UNITS.isdisjoint(name_words(path))
    count = len(value)
    if wants_number and value:
        return tuple(numbers), "unknown" if has_unknown or not numbers else "each"
    if not numbers or is_destination_name(argument):
        return (count,), "each"
    return (*dict.fromkeys((*numbers, count)),), "either"


def _text(item: Any, is_lenient: bool) -> str:
    text = item if isinstance(item, str) else canonical_json(item)
    return (normalise(text).strip() if is_lenient else text).casefold()


def _same(item: Any, wanted: Any, is_lenient: bool) -> bool:
    """Compare two scalars; leniently, `"5"` is 5, `"true"` is true, and look-alikes are alike."""
    if (is_lenient and type(item) is not type(wanted)) or (is_lenient and isinstance(item, str)):
        if _text(item, True) == _text(wanted, True):
            return True
        a, b = number_of(item), number_of(wanted)
        return a is not None and b is not None and a == b and not isinstance(item, (list, dict))
    if isinstance(item, str) and isinstance(wanted, str):
        return item.casefold() == wanted.casefold()
    if isinstance(item, bool) or isinstance(wanted, bool):
        return item is wanted
    return bool(item == wanted)
