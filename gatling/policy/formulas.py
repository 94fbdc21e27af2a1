"""Formulas: conditions on several values of a call at once, or on a value of the call and one of the session.

| formula | is about |
| --- | --- |
| `total + ordered_today <= 3000` | a sum, or with `-` a difference |
| `end - start <= 4 hours` | how far two times are apart |
| `abs(delta) <= 25` | an amount whose sign says in which direction |
| `placed_by == session.user` | a value that must be, or not be, a field of the session |

A value that is not stated, is no number or no time, or has an unexpected sign, leaves the formula undecided.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gatling.policy.calls import Call
from gatling.policy.clauses import ORDER_OPERATORS, Condition, Operator
from gatling.policy.compare import FALLING, CheckResult, order_holds
from gatling.policy.numbers import may_mean_all, readings
from gatling.policy.times import seconds_between
from gatling.schema.plain import cut

MAX_TERMS = 4
_MAX_COMBINATIONS = 256
_UNITS = {
    **dict.fromkeys("min mins minute minutes".split(), 60),
    **dict.fromkeys("h hour hours".split(), 3_600),
    **dict.fromkeys("d day days".split(), 86_400),
    **dict.fromkeys("week weeks".split(), 604_800),
}
_NAME = r"[A-Za-z_][A-Za-z0-9_.]{0,63}"
_TERM = rf"(?:abs\({_NAME}\)|{_NAME})"
_ORDER = r"(?:<=|>=|<|>)"
_NUMBER = r"[0-9]{1,15}(?:\.[0-9]{1,9})?"
_SUM = rf"(?:abs\({_NAME}\)|{_TERM}(?: [+-] {_TERM}){{1,{MAX_TERMS - 1}}}) *{_ORDER} *{_NUMBER}"
_SPAN = rf"{_NAME} - {_NAME} *{_ORDER} *{_NUMBER} ?(?:{'|'.join(_UNITS)})"
_REFERENCE = rf"{_NAME} *(?:==|!=|{_ORDER}) *session\.[A-Za-z0-9_.]{{1,63}}"
PATTERN = rf"^\s*(?:{_SUM}|{_SPAN}|{_REFERENCE})\s*$"
"""What a formula looks like, also for the schema of the format."""
_FORMULA = re.compile(PATTERN)
_PARTS = re.compile(rf"\s*(.*?) *(<=|>=|==|!=|<|>) *(session\.[A-Za-z0-9_.]+|{_NUMBER}) ?([a-z]*)\s*")
_TERMS = re.compile(rf"([+-]?) ?(?:abs\(({_NAME})\)|({_NAME}))")
_PREFIXES = ("arguments.", "args.", "parameters.")
_SYMBOLS = {o.value: o for o in (*ORDER_OPERATORS, Operator.EQUALS, Operator.DIFFERS)}

Beside = Callable[[Condition], "CheckResult | None"]
"""What else a call has that may be an argument, and is not what a condition wants; None if nothing is."""


@dataclass(frozen=True, slots=True)
class Term:
    name: str
    """The path of an argument, or `session.` and the path of a field of the session."""
    is_negative: bool = False
    is_absolute: bool = False

    @property
    def session_path(self) -> str:
        return self.name.removeprefix("session.") if self.name.startswith("session.") else ""


@dataclass(frozen=True, slots=True)
class Formula:
    text: str
    terms: tuple[Term, ...]
    operator: Operator
    bound: float = 0.0
    """In seconds, where there is a unit."""
    is_of_time: bool = False
    session_path: str = ""
    """What the one term is compared with, in the place of the bound."""

    def __str__(self) -> str:
        return self.text

    @property
    def arguments(self) -> tuple[str, ...]:
        return tuple(term.name for term in self.terms if not term.session_path)


def formula_of(text: str) -> Formula | None:
    """Return the formula that a text is; None if it is none, or is a condition on one argument as `amount <= 500`."""
    match = _PARTS.fullmatch(text) if _FORMULA.fullmatch(text) else None
    if match is None:
        return None
    left, symbol, right, unit = match.groups()
    terms = tuple(_term(*found.groups()) for found in _TERMS.finditer(left))
    said = f"{left} {symbol} {right}" + (f" {unit}" if unit else "")
    if right.startswith("session."):
        is_plain = not terms[0].session_path
        return Formula(said, terms, _SYMBOLS[symbol], session_path=right.removeprefix("session.")) if is_plain else None
    bound = float(right) * _UNITS.get(unit, 1)
    return Formula(said, terms, _SYMBOLS[symbol], bound, is_of_time=bool(unit))


def _term(sign: str, absolute: str | None, plain: str | None) -> Term:
    name = absolute or plain or ""
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return Term(name, sign == "-", absolute is not None)


def decide_formula(
    formula: Formula,
    call: Call,
    session: dict[str, Any],
    *,
    is_any: bool,
    compare_one: Callable[[Condition], CheckResult],
    beside: Beside,
) -> CheckResult:
    """Decide a formula.

    Args:
        is_any: as of `subjects.decide`.
        compare_one: decides a condition on one argument.
        beside: says what else the call has that may be an argument that a condition is on.
    """
    first = formula.terms[0].name
    if formula.session_path:
        wanted = _in_session(session, formula.session_path)
        if isinstance(wanted, (dict, list)) or wanted is None:
            return CheckResult(None, first, f"session_context has no {formula.session_path} to compare with")
        if formula.operator in ORDER_OPERATORS and (isinstance(wanted, bool) or not isinstance(wanted, (int, float))):
            return CheckResult(None, first, f"{formula.session_path} of the session is no number")
        result = compare_one(Condition(f"argument:{first}", formula.operator, wanted))
        is_missing = result.is_absent and not is_any
        return CheckResult(None, first, f"{first} is not stated; {formula}") if is_missing else result
    stated: list[list[Any]] = []
    for term in formula.terms:
        path = term.session_path
        values = call.argument(term.name) if not path else [_in_session(session, path)]
        values = [value for value in values if value is not None]
        if not values:
            return CheckResult(None, term.name, f"{term.name} is not stated; {formula}")
        stated.append(values)
    totals = _spans_of_time(stated) if formula.is_of_time else _totals(formula, stated)
    if not totals:
        return CheckResult(None, first, f"{cut(stated)}, which cannot be compared; {formula}")
    outcomes = {order_holds(total, formula.operator, formula.bound) for total in totals}
    if len(outcomes) > 1:
        return CheckResult(None, first, f"{cut(stated)}, which may mean several numbers; {formula}")
    holds = outcomes.pop()
    if holds is not is_any:
        for term in formula.terms if formula.operator in ORDER_OPERATORS and not formula.is_of_time else ():
            # What may be the same argument is compared alone: too much of it is too much of the whole.
            is_more_bad = (formula.operator in FALLING) != is_any
            is_of_part = is_more_bad != term.is_negative and not term.session_path
            other = beside(Condition(f"argument:{term.name}", formula.operator, formula.bound)) if is_of_part else None
            if other is not None:
                return other
    return CheckResult(holds, first, f"{totals[0]:g}" if not formula.is_of_time else cut(stated))


def _in_session(session: Any, path: str) -> Any:
    for part in path.split("."):
        session = session.get(part) if isinstance(session, dict) else None
    return session


def _spans_of_time(stated: list[list[Any]]) -> list[float]:
    """Return the seconds between two times; nothing if one is not clear, or the end comes before the start."""
    (last,), (first,) = stated if all(len(values) == 1 for values in stated) else ([None], [None])
    seconds = seconds_between(first, last)
    return [] if seconds is None or seconds < 0 else [seconds]


def _totals(formula: Formula, stated: list[list[Any]]) -> list[float]:
    """Return all sums that the values can mean; nothing if a part of one is no number, or may mean all there is."""
    choices: list[list[float]] = []
    for term, values in zip(formula.terms, stated, strict=True):
        found: list[float] = []
        for value in values:
            numbers, mode = readings(value, term.name)
            if not numbers or mode in ("unknown", "none"):
                return []
            if term.is_absolute:
                numbers = tuple(map(abs, numbers))
            elif any(number < 0 or may_mean_all(number, term.name) for number in numbers):
                return []
            found += [*numbers, sum(numbers)] if mode == "each" else numbers
        choices.append([-number for number in found] if term.is_negative else found)
    if math.prod(map(len, choices)) > _MAX_COMBINATIONS:
        return []
    return [sum(numbers) for numbers in itertools.product(*choices)]
