"""Times of day and days of the week: whether a value that states a time is within those of a rule, and how far two are apart.

| value | hours | days |
| --- | --- | --- |
| `2026-06-11T06:00`, `2026-06-11 06:00:30` | 06:00 | a Thursday |
| `2026-06-11` | open | a Thursday |
| `06:00` | 06:00 | open |
| `thu`, `Thursday` | open | a Thursday |
| a time with a zone (`...Z`, `...+02:00`), a number, any other text | open: which time is that here? | open |

Nobody looks at a clock here: a rule is about what a call says, or about what the host states in the session.
"""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from functools import lru_cache
from typing import Any

_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_MIN_DAY = 3
"""A day has at least three letters: `tue`, `tues`, `tuesday`."""
_DAY_SETS = {"weekdays": range(5), "weekend": range(5, 7), "weekends": range(5, 7), "daily": range(7)}
_CLOCK = r"([01]?\d|2[0-4])(?::([0-5]\d))?"
_SPAN = re.compile(rf"\s*{_CLOCK}\s*-\s*{_CLOCK}\s*")
_DATE = r"(\d{4})-(\d{2})-(\d{2})"
_TIME = r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?"
_STATED = re.compile(rf"\s*(?:{_DATE})?(?:(?:(?<=\d)[T ]|(?<!\S)){_TIME})?\s*", re.IGNORECASE)
HOURS_PATTERN = r"^\s*([01]?[0-9]|2[0-4])(:[0-5][0-9])?\s*-\s*([01]?[0-9]|2[0-4])(:[0-5][0-9])?\s*$"
DAYS_PATTERN = r"^\s*[A-Za-z]{3,9}(\s*-\s*[A-Za-z]{3,9})?\s*$"
MAX_CHARS = 40

Span = tuple[int, int]
"""The first and the last second of a day; the first may be the later one, where the span goes over midnight."""


@lru_cache(maxsize=1_024)
def hours_of(texts: tuple[str, ...]) -> tuple[Span, ...] | None:
    """Return the spans that texts such as `08:00-17:30` or `22-6` mean; None if one is not understood. Both ends belong to it."""
    found = []
    for text in texts:
        match = _SPAN.fullmatch(text)
        if match is None:
            return None
        start, end = (int(match[i]) * 3600 + int(match[i + 1] or 0) * 60 for i in (1, 3))
        if start > 86_400 or end > 86_400 or start == end:
            return None
        found.append((start, end))
    return tuple(found)


@lru_cache(maxsize=1_024)
def days_of(texts: tuple[str, ...]) -> frozenset[int] | None:
    """Return the days, Monday is 0, that texts such as `mon-fri` or `weekdays` mean; None if one is not understood."""
    found: set[int] = set()
    for text in texts:
        known = _DAY_SETS.get(text.strip().lower())
        if known is not None:
            found.update(known)
            continue
        start, _, end = text.partition("-")
        first, last = day_of(start), day_of(end or start)
        if first is None or last is None:
            return None
        found.update((first + i) % 7 for i in range((last - first) % 7 + 1))
    return frozenset(found)


def day_of(text: str) -> int | None:
    """Return the day of the week that a text names, Monday is 0."""
    name = text.strip().lower().rstrip(".")
    return next((i for i, day in enumerate(_DAYS) if len(name) >= _MIN_DAY and day.startswith(name)), None)


def is_within(value: Any, spans: tuple[Span, ...]) -> bool | None:
    """Tell whether a value states a time of day that is in one of the spans; None if it states none that is clear."""
    stated = _read(value)
    if stated is None or stated[1] is None:
        return None
    seconds = stated[1]
    return any(start <= seconds <= end if start < end else seconds >= start or seconds <= end for start, end in spans)


def is_on(value: Any, days: frozenset[int]) -> bool | None:
    """Tell whether a value states one of the days, by its name or by a date; None if it states none that is clear."""
    day = day_of(value) if isinstance(value, str) and len(value) <= MAX_CHARS else None
    if day is not None:
        return day in days
    stated = _read(value)
    return None if stated is None or stated[0] is None else stated[0].weekday() in days


def seconds_between(first: Any, last: Any) -> float | None:
    """Return the seconds from one stated time to another; None if they are not both dates, both times of day, or both of both."""
    a, b = _read(first), _read(last)
    if a is None or b is None or (a[0] is None) != (b[0] is None) or (a[1] is None) != (b[1] is None):
        return None
    days = (b[0] - a[0]).days if a[0] is not None and b[0] is not None else 0
    return days * 86_400.0 + ((b[1] or 0) - (a[1] or 0))


def time_within(old: Any, spans: tuple[Span, ...] = (), days: frozenset[int] = frozenset()) -> str:
    """Return a time within hours or on days; of what is stated already the rest is kept."""
    day, second = _read(old) or (None, None)
    day = day or date(2026, 6, 10)
    second = 43_200 if second is None else second
    if spans and not is_within(f"{second // 3600:02}:{second % 3600 // 60:02}", spans):
        second = min(spans[0][0], 86_340)
    while days and day.weekday() not in days:
        day += timedelta(days=1)
    return f"{day.isoformat()}T{second // 3600:02}:{second % 3600 // 60:02}"


def _read(value: Any) -> tuple[date | None, int | None] | None:
    """Return the date and the second of the day that a value states; None if neither, or if it cannot be."""
    if not isinstance(value, str) or len(value) > MAX_CHARS:
        return None
    match = _STATED.fullmatch(value)
    if match is None or not value.strip():
        return None
    year, month, day, hour, minute, second = match.groups()
    try:
        stated = date(int(year), int(month), int(day)) if year else None
        clock = time(int(hour), int(minute), int(second or 0)) if hour else None
    except ValueError:
        return None
    return stated, None if clock is None else clock.hour * 3600 + clock.minute * 60 + clock.second
