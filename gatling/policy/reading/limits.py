"""Limits: on arguments, on the volume, on how many calls, on sensitivity and tier."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from gatling.policy.clauses import ClauseKind, Condition, Operator
from gatling.policy.reading.conditions import KEYED_OPERATORS, conditions_of
from gatling.policy.reading.reader import Reader, RulePosition, is_role
from gatling.policy.reading.vocabulary import ALL, LIMIT_WORDS, VOLUME_WORDS, words_of
from gatling.schema.words import split_words
from gatling.tools.derive import effect_of


def read_limits(reader: Reader, key: str, value: Any, place: RulePosition) -> None:
    """Limits: a number is for the calls of the place, a mapping by tool, role, argument, or tool and argument joined by a dot."""
    words = [w for w in split_words(key) if w not in ("max", "maximum", "limit", "limits", "scope", "per")]
    subject = _level_subject(words)
    if isinstance(value, bool) or value is None or (words_of(key) & {"min", "minimum"} and isinstance(value, dict)):
        reader.skip(place.path, "not a limit")
    elif isinstance(value, (int, float)):
        if place.tools == ("*",) and not {w for w in words if w.isalpha()} - LIMIT_WORDS - {
            "call",
            "calls",
            "v",
            "upper",
            "lower",
        }:
            reader.skip(place.path, "a number for all calls that does not say of what")
        _add_limit(reader, place, words, value, key)
    elif isinstance(value, dict):
        for name, bound in value.items():
            _limit_member(reader, name, bound, place.at(name), subject)
    else:
        reader.skip(place.path, "not a limit")


def _limit_member(reader: Reader, name: str, bound: Any, here: RulePosition, subject: str | None) -> None:
    """Read one member of a mapping of limits; `subject` is what the mapping as a whole bounds, if that is a level."""
    is_open = here.tools == ("*",)
    if is_role(reader, name) and not here.roles:
        if isinstance(bound, dict):
            read_limits(reader, "limits", bound, replace(here, roles=(name,)))
        else:
            reader.skip(here.path, "a limit for a role that does not say of what")
    elif subject is not None:
        if isinstance(bound, int) and not isinstance(bound, bool):
            tools = ("*",) if name.lower() in ALL | {"default"} else (name,)
            check = Condition(subject, Operator.AT_MOST, bound)
            reader.add(here.clause(ClauseKind.REQUIRE, tools=tools, checks=(check,)))
        else:
            reader.skip(here.path, "not a level")
    elif isinstance(bound, dict):
        head, dot, argument = name.rpartition(".")
        if is_open and head and argument and _is_operators(bound):  # {"tool.argument": {"max": 5}}
            reader.doubtful += [(head, here.path, "")] if head != "*" else []
            checks = tuple(conditions_of({argument: bound}))
            reader.add(replace(here, tools=(head,)).clause(ClauseKind.REQUIRE, checks=checks))
        elif is_open and name.lower() in ALL | {"default", "*"}:
            read_limits(reader, "limits", bound, here)
        elif is_open and not _is_generic(name):
            if not bound:
                reader.skip(here.path, "an empty mapping")
            odd = next((key for key in bound if key not in KEYED_OPERATORS), "") if dot else ""
            reader.doubtful.append((name, here.path, odd))
            read_limits(reader, "limits", bound, replace(here, tools=(name,)))
        else:  # an argument with operators
            reader.add(here.clause(ClauseKind.REQUIRE, checks=tuple(conditions_of({name: bound}))))
    elif "*" in name.rpartition(".")[2]:
        reader.skip(here.path, "not a limit")
    elif not isinstance(bound, (int, float)) or isinstance(bound, bool):
        _allowed_values(reader, name, bound, here)
    elif words_of(name) & {"min", "minimum"}:
        reader.add(here.clause(ClauseKind.REQUIRE, checks=tuple(conditions_of({name: bound}))))
    else:
        head, dot, argument = name.rpartition(".")
        words = [w for w in split_words(argument if dot else name) if w not in ("max", "maximum")]
        if dot and argument:
            if is_open and head != "*":
                reader.doubtful.append((head, here.path, ""))
            _add_limit(reader, replace(here, tools=(head,)) if is_open else here, words, bound, argument)
        elif is_open and (name.lower() in ALL | {"default", "*"} or not set(words) - LIMIT_WORDS):
            reader.skip(here.path, "a number for all calls that does not say of what")
            _add_limit(reader, here, [], bound, "limit")
        elif is_open and here.path and not _is_generic(name):
            reader.doubtful.append((name, here.path, ""))
            of_tool = replace(here, tools=(name,))
            _add_limit(reader, of_tool, [], bound, name)
            if effect_of(name)[0] != "read":  # `{pay: 100}` may mean how much, not how many
                _add_limit(reader, of_tool, ["amount"], bound, "amount")
            _add_limit(reader, here, words, bound, name, only_argument=True)
        else:
            _add_limit(reader, here, words, bound, name)
            if not words and not is_open and any(effect_of(tool)[0] != "read" for tool in here.tools):
                _add_limit(reader, here, ["amount"], bound, "amount")  # `{pay: {max: 100}}`


def _allowed_values(reader: Reader, name: str, values: Any, here: RulePosition) -> None:
    """Read a word, a switch or a list as a limit: the values that an argument may have."""
    head, _, argument = name.rpartition(".")
    is_open = here.tools == ("*",)
    items = values if isinstance(values, list) else [values]
    is_plain = bool(items) and all(isinstance(item, (str, int, float)) for item in items)
    if isinstance(values, str):  # `50 EUR` is no value, and what it bounds is not clear
        is_plain = not re.search(r"[\s\d]", values)
    if not is_plain or (is_open and not (head and argument)):
        reader.skip(here.path, "not a limit")
        return
    place = replace(here, tools=(head,)) if is_open and head else here
    if is_open and head and head != "*":
        reader.doubtful.append((head, here.path, ""))
    check = Condition(f"argument:{argument if is_open else name}", Operator.IN, tuple(items))
    reader.add(place.clause(ClauseKind.REQUIRE, checks=(check,)))


def is_limit_of_argument(name: str, value: Any) -> bool:
    """Tell whether a member is `tool.argument` with a number, or with operators and what they compare with."""
    head, _, argument = name.rpartition(".")
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return bool(head and argument) and (is_number or (isinstance(value, dict) and _is_operators(value)))


def _is_operators(value: dict[str, Any]) -> bool:
    return bool(value) and all(isinstance(key, str) and key in KEYED_OPERATORS for key in value)


def _is_no_argument(name: str) -> bool:
    """Tell whether a name says how a limit is meant: over what time, or which side of it."""
    words = words_of(name)
    return (
        not words.isdisjoint(_SIDES)
        or ("per" in words and not words.isdisjoint(_SPANS))
        or not words.isdisjoint(_RHYTHMS)
    )


_SIDES = frozenset("above below over under exceeds exceeding except unless approval approver ask".split())
_SPANS = frozenset("second minute hour day week month quarter year session user person customer".split())
_RHYTHMS = frozenset("hourly daily weekly monthly quarterly yearly annually".split())


def _level_subject(words: list[str]) -> str | None:
    """Return sensitivity or tier if that is what the words bound."""
    for word, subject in (("sensitivity", "sensitivity"), ("tier", "tier"), ("provenance", "tier"), ("trust", "tier")):
        if word in words:
            return subject
    return None


def _is_generic(name: str) -> bool:
    """Tell whether a limit's name says what is counted (`max_records`, `limit`), not which tool (`list_events`)."""
    words = words_of(name)
    return bool(words & {"max", "maximum", "min", "per"}) or words <= VOLUME_WORDS | {"amount", "calls", "recipients"}


def _add_limit(
    reader: Reader, place: RulePosition, words: list[str], bound: int | float, name: str, *, only_argument: bool = False
) -> None:
    """Add one upper bound on what `words` name: an argument, the volume, or how many calls."""
    if _is_no_argument(name):
        reader.skip(place.path, f"{name} is no argument of a call, and no limit that is read")
        return
    if isinstance(bound, float) and bound.is_integer():
        bound = int(bound)
    joined = "_".join(w for w in words if w not in ("max", "maximum"))
    if joined in ("per_request", "calls", "calls_per_request", "per_plan", "times", "invocations", "requests"):
        subject = "calls" if place.tools == ("*",) else "count"
        checks = [Condition(subject, Operator.AT_MOST, bound)]
    elif (level := _level_subject(words)) is not None:
        checks = [Condition(level, Operator.AT_MOST, bound)]
    elif not words or (set(words) <= VOLUME_WORDS and not only_argument):
        checks = [Condition("volume", Operator.AT_MOST, bound)]
        said = split_words(name)
        if words or set(said) & {"limit", "max", "maximum"}:  # `max_limit` bounds the argument `limit` too
            bare = "_".join(w for w in said if w not in ("max", "maximum"))
            checks += [Condition(f"argument:{n}", Operator.AT_MOST, bound) for n in dict.fromkeys((bare, name)) if n]
    else:
        names = dict.fromkeys((joined, name))
        checks = [Condition(f"argument:{n}", Operator.AT_MOST, bound) for n in names]
    reader.add(place.clause(ClauseKind.REQUIRE, checks=tuple(checks)))
