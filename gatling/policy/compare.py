"""Whether a value of a call fits a condition: True, False, or None where it cannot be compared.

Two ways to ask. A requirement or a grant wants every value to fit; a denial is triggered by any value that fits. What must not
be there is looked for leniently: in other case, with other spaces, in letters that look alike, in JSON. What must be there must
be so to the letter. Numbers are read by `policy.numbers`, paths by `policy.path_patterns`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from gatling.policy.clauses import ORDER_OPERATORS, TIME_OPERATORS, Operator
from gatling.policy.globs import matches
from gatling.policy.inner import json_in
from gatling.policy.numbers import may_mean_all, readings
from gatling.policy.path_patterns import concerns_paths, is_forbidden, is_listed
from gatling.policy.times import days_of, hours_of, is_on, is_within
from gatling.schema.arguments import is_amount, leaves, number_of, walk
from gatling.schema.plain import canonical_json, cut
from gatling.schema.words import normalise

NEGATED = (Operator.DIFFERS, Operator.NOT_IN, Operator.NOT_LIKE)
FALLING = (Operator.AT_MOST, Operator.BELOW)

MAX_LIST_CHARS = 4_096
"""Of a longer text the parts between commas are not looked at one by one."""
_SPACES = re.compile(r"\s+")
_BETWEEN = re.compile(r"\s*[,;|\r\n]\s*")
_SWITCHES = {
    **dict.fromkeys("true yes y on 1 t enabled enable".split(), True),
    **dict.fromkeys("false no n off 0 f disabled disable none".split(), False),
}
_SEPARATORS = re.compile(r"[\W_]+")
_WITHIN = re.compile(r"[\s()\[\]]+")
_AROUND_ADDRESSES = re.compile(r"[\s,;|<>()\"]+")
_NAME_SPACE = re.compile(r"[.:/]")
_MIN_BARE = 4
"""A shorter value is not taken for another."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How a condition came out: True, False, or None for undecided; with what was found."""

    holds: bool | None
    argument: str | None = None
    found: str = ""
    is_absent: bool = False
    """The call has nothing to compare."""
    open_value: str = ""
    """The value itself that leaves it undecided, where that is one."""
    is_linked: bool = False
    """All that leaves it undecided are links in prose, which nothing opens by itself."""


ABSENT = CheckResult(False, is_absent=True, found="nothing")


@dataclass(frozen=True, slots=True)
class Manner:
    """How values are compared: by what rule, for what call."""

    is_native: bool = False
    """By a rule of the native format: in every shape, and as paths. Else as the other system does."""
    acts: bool = False
    """For a call that does more than read."""


_PLAINLY = Manner()


def compare_all(
    values: list[Any], operator: Operator, wanted: Any, path: str, *, is_any: bool, manner: Manner = _PLAINLY
) -> CheckResult:
    """Compare every value of a name: one that stands twice in different case must not hide the other."""
    if not values:
        return CheckResult(True, path, "nothing") if is_any and operator in NEGATED else ABSENT
    outcomes = [compare(value, operator, wanted, path, is_any=is_any, manner=manner) for value in values]
    for decisive in (is_any, None):
        found = next((o for o in outcomes if o.holds is decisive), None)
        if found is not None:
            return found
    return outcomes[0]


def compare(
    value: Any,
    operator: Operator,
    wanted: Any,
    argument: str | None,
    *,
    is_any: bool = False,
    manner: Manner = _PLAINLY,
) -> CheckResult:
    """Compare one value."""
    if operator in ORDER_OPERATORS:
        if value is None and manner.is_native:
            return CheckResult(None, argument, "null, which may mean all")
        return _compare_order(value, operator, wanted, argument, is_any=is_any)
    if operator in TIME_OPERATORS:
        return _compare_time(value, operator, wanted, argument, is_any=is_any)
    choices = wanted if isinstance(wanted, tuple) else (wanted,)
    is_lenient = is_any != (operator in NEGATED) if manner.is_native else is_any
    items = [leaf for _, leaf in leaves(value)]
    has_null = manner.is_native and None in items
    if manner.is_native:
        items = [item for item in items if item is not None]
        items += _hidden(value) if is_lenient else ()
    if not items:
        return CheckResult(True, argument, "nothing") if is_any and operator in NEGATED else ABSENT
    undecided: CheckResult | None = None
    for item in items:  # of several items, the one that decides is shown
        known = _is_one_of(item, choices, operator, is_lenient=is_lenient, manner=manner)
        if known is None:
            undecided = CheckResult(None, argument, f"{cut(item)}, which cannot be compared")
        elif (known != (operator in NEGATED)) == is_any:
            return CheckResult(is_any, argument, cut(item))
    if has_null and not is_any:
        undecided = CheckResult(None, argument, "null among the values")
    return undecided or CheckResult(not is_any, argument, cut(items[0]))


def _hidden(value: Any) -> Iterator[Any]:
    """Yield what may be a value as well: keys of mappings, and what stands in texts that are JSON."""
    for _, item in walk(value):
        if isinstance(item, dict):
            yield from item
        elif isinstance(item, str):
            inside = json_in(item)
            if isinstance(inside, (dict, list)):
                yield from (leaf for _, leaf in leaves(inside) if leaf is not None)
            elif isinstance(inside, str):
                yield inside
            elif len(item) <= MAX_LIST_CHARS and len(parts := _BETWEEN.split(item)) > 1:
                yield from filter(None, parts)


def _is_one_of(
    item: Any, choices: tuple[Any, ...], operator: Operator, *, is_lenient: bool, manner: Manner
) -> bool | None:
    """Tell whether a scalar is one of some values, or matches one of some patterns."""
    is_pattern = operator in (Operator.LIKE, Operator.NOT_LIKE)
    if is_pattern:
        text = _text(item, is_lenient, manner)
        known = any(matches(p.casefold(), text) for p in choices)
        if known and manner.is_native and not is_lenient and not _matches_each_address(text, choices):
            return None  # `*@acme.com` would take in whatever address stands before the last
    else:
        known = any(_same(item, choice, is_lenient, manner) for choice in choices)
    if not manner.is_native or not isinstance(item, str) or (known and (is_lenient or not is_pattern)):
        return known
    places = tuple(choice for choice in choices if isinstance(choice, str))
    is_path = concerns_paths(item, choices, is_lenient=is_lenient)
    if not is_lenient:
        return is_listed(item, places, is_pattern=is_pattern, is_as_written=known) if is_path else known
    leads = is_path and is_forbidden(item, places, is_pattern=is_pattern, acts=manner.acts)
    if leads is False and not is_pattern and _may_be_one_of(item, places):
        return None
    return leads


def _matches_each_address(text: str, choices: tuple[Any, ...]) -> bool:
    """Tell whether of several addresses in a text each matches some pattern; true of a text with one, or none. A long text with
    several is not looked at."""
    if text.count("@") < 2:
        return True
    if len(text) > MAX_LIST_CHARS:
        return False
    found = [part for part in _AROUND_ADDRESSES.split(text) if "@" in part]
    return len(found) < 2 or all(any(matches(p.casefold(), part) for p in choices) for part in found)


def _may_be_one_of(item: str, choices: tuple[str, ...]) -> bool:
    """Tell whether a text may mean a value that it is not: with other separators, below a name space, beside other words."""
    own = bare(item)
    wanted = [w for w in bare_choices(choices) if len(w) >= _MIN_BARE and w in own]
    if not wanted or own in wanted or len(item) > MAX_LIST_CHARS:
        return bool(wanted) and own in wanted
    parts = {bare(part) for part in (*_WITHIN.split(item), _NAME_SPACE.split(item)[-1])}
    return not parts.isdisjoint(wanted)


@lru_cache(maxsize=1_024)
def bare_choices(choices: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(bare, choices))


def bare(text: str) -> str:
    """Return a text without separators, case and disguises: that of `DE89 3704` and of `de89-3704` is one."""
    return _SEPARATORS.sub("", normalise(text)).casefold()


def _compare_order(value: Any, operator: Operator, wanted: Any, argument: str | None, *, is_any: bool) -> CheckResult:
    numbers, mode = readings(value, argument or "")
    if not numbers:
        holds = None if is_any or mode == "unknown" else False
        return CheckResult(holds, argument, f"{cut(value)}, not a number")
    outcomes = {order_holds(number, operator, wanted) for number in numbers}
    decisive = next((n for n in numbers if order_holds(n, operator, wanted) == is_any), numbers[0])
    shown = cut(decisive if isinstance(value, (list, dict)) else value)
    if outcomes == {is_any} or (is_any in outcomes and mode == "each"):
        return CheckResult(is_any, argument, shown)
    if outcomes == {not is_any} and mode != "unknown":
        # As a number it is small; what it may mean is more than any bound.
        is_upper = (operator in FALLING) != is_any
        if argument and is_upper and any(may_mean_all(n, argument) for n in numbers):
            return CheckResult(None, argument, f"{shown}, which may mean all")
        if argument and is_upper and len(numbers) > 1 and is_amount(argument):
            total = sum(numbers)
            if order_holds(total, operator, wanted) == is_any:
                return CheckResult(None, argument, f"{total:g} together")
        return CheckResult(not is_any, argument, shown)
    return CheckResult(None, argument, f"{shown}, which cannot be compared with {wanted}")


def _compare_time(
    value: Any, operator: Operator, wanted: tuple[str, ...], argument: str | None, *, is_any: bool
) -> CheckResult:
    """Compare every time that a value states with hours or days."""
    spans, days = hours_of(wanted) or (), days_of(wanted) or frozenset()
    items = [leaf for _, leaf in leaves(value)]
    if not items:
        return ABSENT
    outcomes = [is_within(item, spans) if operator is Operator.HOURS else is_on(item, days) for item in items]
    for item, known in zip(items, outcomes, strict=True):
        if known is is_any:
            return CheckResult(is_any, argument, cut(item))
    unclear = next((item for item, known in zip(items, outcomes, strict=True) if known is None), None)
    if None in outcomes:
        what = "time of day" if operator is Operator.HOURS else "day"
        return CheckResult(None, argument, f"{cut(unclear)}, which states no {what} that is clear")
    return CheckResult(not is_any, argument, cut(items[0]))


def order_holds(number: float, operator: Operator, wanted: Any) -> bool:
    if operator is Operator.AT_MOST:
        return bool(number <= wanted)
    if operator is Operator.BELOW:
        return bool(number < wanted)
    if operator is Operator.AT_LEAST:
        return bool(number >= wanted)
    return bool(number > wanted)


def _text(item: Any, is_lenient: bool, manner: Manner) -> str:
    text = item if isinstance(item, str) else canonical_json(item)
    if not is_lenient:
        return text.casefold()
    text = normalise(text).strip()
    return (_loose(text) if manner.is_native else text).casefold()


def _loose(text: str) -> str:
    """Return a text with one kind of space and one of dash."""
    if not text.isascii():
        text = "".join("-" if unicodedata.category(c) == "Pd" else c for c in text)
    return _SPACES.sub(" ", text)


def _same(item: Any, wanted: Any, is_lenient: bool, manner: Manner) -> bool:
    """Compare two scalars; leniently, `"5"` is 5, `"true"` is true, and look-alikes are alike."""
    if (is_lenient and type(item) is not type(wanted)) or (is_lenient and isinstance(item, str)):
        if _text(item, True, manner) == _text(wanted, True, manner):
            return True
        if manner.is_native and isinstance(wanted, bool):
            return _SWITCHES.get(_text(item, True, manner)) is wanted
        a, b = number_of(item), number_of(wanted)
        return a is not None and b is not None and a == b and not isinstance(item, (list, dict))
    if isinstance(item, str) and isinstance(wanted, str):
        return item.casefold() == wanted.casefold()
    if isinstance(item, bool) or isinstance(wanted, bool):
        return item is wanted
    return bool(item == wanted)
