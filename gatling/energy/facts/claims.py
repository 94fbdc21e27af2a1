"""Which values of a call are no claim: nobody need have chosen them, as they follow from what is known.

| value | no claim where |
| --- | --- |
| `null`, `default`, a language, an order | always: they say nothing |
| a date | it is today's, as the session states it, or a first-party output that says "today" |
| the end of something | the call has its start, request or passage state that, and how long it takes is stated, too |
| a party of 1 to 20 | the argument counts people: `party_size`, `guests` |
| the id of a field, a form, a button | the argument takes such a handle, and a page that was read has it |
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gatling.energy.facts.tool import ContextFacts
from gatling.request.values import Value
from gatling.schema.arguments import dotted_leaves, end_of_range, is_duration, leaf_text, name_words, number_of
from gatling.schema.budget import checked
from gatling.schema.lru import remembered
from gatling.schema.trace import Origin

Day = tuple[int, int, int]

_TRIVIAL = frozenset("null none true false yes no default all any asc desc en utf-8 n/a".split())
_OF_TODAY = frozenset("today date now current time day timestamp".split())
_PEOPLE = frozenset(
    "party guests guest people persons person adults adult children child kids covers pax travelers travellers passengers diners "
    "seats attendees participants heads players".split()
)
_NAMING = frozenset("id number no code room account".split())
_MAX_PARTY = 20
_HANDLES = frozenset(
    "element field form input button selector locator control widget ref xpath bid node checkbox dropdown".split()
)
_HANDLE = re.compile(r"[#.]?[\w:.\[\]-]{1,80}")
_SAYS_TODAY = re.compile(r"\btoday\b|\bcurrent(?:[ _](?:date|day|time))\b|\bnow\b", re.IGNORECASE)
_DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2})[./-](\d{1,2})[./-](\d{4})(?!\d)")
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})[./-](\d{1,2})[./-](\d{1,2})(?!\d)")
_CLOCK = re.compile(r"(?<![\d:])(\d{1,2})(?::(\d{2}))?(?::\d{2}(?:\.\d+)?)?\s*([ap])?\.?m?\b", re.IGNORECASE)
_MOMENT = re.compile(
    r"(?:(\d{4}-\d{2}-\d{2})[T ])?(\d{1,2}(?::\d{2})?(?::\d{2}(?:\.\d+)?)?\s*(?:[ap]\.?m\.?)?)(?:Z|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
_WORDS = {
    "a": 1.0, "an": 1.0, "one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0, "six": 6.0, "eight": 8.0,
    "half an": 0.5, "half a": 0.5, "one and a half": 1.5, "two and a half": 2.5,
}  # fmt: skip
_DURATION = re.compile(
    r"\b(\d{1,4}(?:[.,]\d{1,2})?|half an?|(?:one|two) and a half|an?|one|two|three|four|five|six|eight)[ -]?"
    r"(hours?|hrs?|h|minutes?|mins?|min)\b( and a half)?",
    re.IGNORECASE,
)
_MAX_SEARCHED = 4_000


def is_claim(
    context: ContextFacts, values: Sequence[Value], origins: Sequence[Origin], tools: Sequence[str], value: Value
) -> bool:
    """Tell whether somebody must have chosen a value of a call that the request does not state.

    Args:
        values: all of the call.
        origins: the passages that it can have come from.
        tools: that returned them; empty where that is not known.
    """
    text = leaf_text(value.value).strip()
    if text.lower() in _TRIVIAL or _is_party(value) or _is_handle(value, text, origins):
        return False
    if _is_today(context, text, origins, tools):
        return False
    return end_of_range(value.path) != 1 or not _is_computed_end(context, values, origins, value, text)


def _is_party(value: Value) -> bool:
    words = frozenset(name_words(value.path))
    number = number_of(value.value)
    return (
        number is not None
        and 1 <= number <= _MAX_PARTY
        and number == int(number)
        and not words.isdisjoint(_PEOPLE)
        and words.isdisjoint(_NAMING)
    )


def _is_handle(value: Value, text: str, origins: Sequence[Origin]) -> bool:
    words = name_words(value.path)
    if _HANDLES.isdisjoint(words) or not _HANDLE.fullmatch(text):
        return False
    return any(text.lstrip("#.") in origin.text.split() for origin in checked(origins))


# --- today ------------------------------------------------------------------------------------------------------------


def _is_today(context: ContextFacts, text: str, origins: Sequence[Origin], tools: Sequence[str]) -> bool:
    match = _YEAR_FIRST.fullmatch(text) or _DAY_FIRST.fullmatch(text)
    if match is None:
        return False
    meant = frozenset(_days(text))
    if not meant.isdisjoint(context.once(_todays)):
        return True
    said = zip(origins, tools, strict=True)
    return any(
        not meant.isdisjoint(_days(origin.text))
        for origin, tool in checked(said)
        if origin.tier == 1 and _SAYS_TODAY.search(f"{origin.text} {tool}".replace("_", " "))
    )


def _todays(context: ContextFacts) -> frozenset[Day]:
    """Return the dates that the session says are today's, both ways where day and month may be exchanged."""
    return frozenset(
        day
        for path, value in dotted_leaves(context.context.session_context)
        if isinstance(value, str) and value.lower() != context.written and frozenset(name_words(path)) <= _OF_TODAY
        for day in _days(value[:_MAX_SEARCHED])
    )


def _days(text: str) -> Iterator[Day]:
    for match in _YEAR_FIRST.finditer(text):
        yield int(match[1]), int(match[2]), int(match[3])
    for match in _DAY_FIRST.finditer(text):
        yield int(match[3]), int(match[2]), int(match[1])
        yield int(match[3]), int(match[1]), int(match[2])


# --- ends -------------------------------------------------------------------------------------------------------------


def _is_computed_end(
    context: ContextFacts, values: Sequence[Value], origins: Sequence[Origin], value: Value, text: str
) -> bool:
    end = _minutes_of(text)
    above = value.path.rpartition(".")[0]
    start = next((v for v in values if end_of_range(v.path) == -1 and v.path.rpartition(".")[0] == above), None)
    begin = _minutes_of(leaf_text(start.value)) if start is not None else None
    if end is None or begin is None or start is None or (end[0] is None) != (begin[0] is None):
        return False
    days = 0 if end[0] == begin[0] else _days_between(begin[0] or "", end[0] or "")
    took = end[1] - begin[1] + 1_440 * days
    took += 1_440 if took < 0 and end[0] is None else 0
    clock = leaf_text(start.value).strip()
    if start.asked < 0.5 and not any(_tells(o.text, clock) for o in checked(origins)):
        return False
    known = set(_lengths(context.request.english.text))
    for origin in checked(origins):
        known.update(_lengths(origin.text))
    for other in values:
        number = number_of(other.value) if is_duration(other.path) else None
        if number is not None:
            words = name_words(other.path)
            known.update(
                [60.0 * number]
                if "hours" in words
                else [float(number)]
                if "minutes" in words
                else [float(number), 60.0 * number]
            )
    return float(took) in known


def _days_between(begin: str, end: str) -> int:
    """Return 1 for the next day of the same month, 0 for the same; -1 for others, so that nothing fits."""
    return 1 if begin[:7] == end[:7] and int(end[8:10]) == int(begin[8:10]) + 1 else -1


def _tells(text: str, clock: str) -> bool:
    """Tell whether a passage states a time, with its day or without."""
    time = _MOMENT.fullmatch(clock)
    return clock.lower() in text.lower() or (time is not None and time[2].strip().lower()[:5] in text.lower())


@remembered(2_048, max_chars=4_000)
def _minutes_of(text: str) -> tuple[str | None, int] | None:
    """Return the day that a moment states, or None, and its minutes since midnight."""
    moment = _MOMENT.fullmatch(text.strip())
    clock = _CLOCK.match(moment[2]) if moment else None
    if moment is None or clock is None or (clock[2] is None and clock[3] is None):
        return None
    hours = int(clock[1]) % 12 + (12 if clock[3].lower() == "p" else 0) if clock[3] else int(clock[1])
    return moment[1], 60 * hours + int(clock[2] or 0)


@remembered(2_048, max_chars=8_000)
def _lengths(text: str) -> tuple[float, ...]:
    """Return the durations that a text states, in minutes."""
    found = []
    for match in _DURATION.finditer(text[:_MAX_SEARCHED]):
        written = match[1].lower()
        number = _WORDS[written] if written in _WORDS else float(written.replace(",", "."))
        found.append((number + (0.5 if match[3] else 0.0)) * (60 if match[2].lower().startswith("h") else 1))
    return tuple(found)
