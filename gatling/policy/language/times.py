"""Dates, days and hours in a source. Times are not converted: what holds only then is left to somebody, by name.

A guard sees one conversation, and what its clock says is no part of a policy. So a grant with a time is no grant, a denial with
one holds always, and both are said with the words that name the time.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from gatling.policy.language.statement import Reading

MONTH = re.compile(r"\b(?:in|on|of|until|till|since|from|by|before|after|during) (?:May|March)\b")
"""Months whose names are other words as well."""
_DAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:days?)?"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|"
    r"dec(?:ember)?)"
)
_CLOCK = r"(?:[01]?\d|2[0-4])(?::[0-5]\d(?::[0-5]\d)?\s?(?:am|pm)?|\s?(?:am|pm)|h\b|\so'clock)"
_DATE = (
    r"(?:\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?Z?)?|\d{1,2}[./]\d{1,2}[./]\d{2,4}|"
    rf"\d{{1,2}}\.?\s{_MONTH}\b(?:\s\d{{4}})?|{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s\d{{4}})?)"
)
_SPAN = (
    r"(?:(?:business|office|working|opening|trading)\s(?:hours|days|time)|week(?:day|end)s?|(?:bank\s)?holidays|nights?|"
    r"daytime|lunch(?:\stime)?|after\shours|office_hours|business_hours)"
)
_ONE = rf"(?:{_CLOCK}|{_DATE}|{_DAY}|{_SPAN})"
_JOIN = r"\s?(?:-|\u2013|to|and|through|till|until|,)\s?"
_WHEN = r"(?:on|at|in|from|between|before|after|until|till|by|during|since|outside(?:\sof)?|within|every|each|no later than)"
_PHRASE = re.compile(rf"(?<![\w.-])(?:{_WHEN}\s(?:the\s)?)?{_ONE}(?:{_JOIN}{_ONE})*(?![\w-])", re.IGNORECASE)
_HOURS = re.compile(r"(?:[01]?\d|2[0-4])\s?-\s?(?:[01]?\d|2[0-4])")
"""As the value of a key for hours: `9-17`."""
_KEYS = frozenset(
    "hours hour days day weekdays weekday schedule time times from until till expires expiry valid_from valid_until effective "
    "business_hours office_hours working_hours start end start_date end_date weekdays_only".split()
)
_NOT_UNDERSTOOD = (
    "nothing is granted: not understood",
    "not understood",
    "no form that is read",
    "a limit that is not understood",
)
_NOT_READ = ("not a part that is read", "nothing is granted: it holds only as ")
_FORBIDDEN = "forbidden whatever "


def time_said(text: str) -> str:
    """Return the words of a text that say when something holds, as they stand there; empty if none do."""
    found = [match.group().strip() for match in _PHRASE.finditer(text)]
    said = [
        phrase for phrase in found if not re.fullmatch(r"(?:may|mar|sun|sat|wed)", phrase)
    ]  # words of other meanings too
    return ", ".join(dict.fromkeys(said))


def is_time(value: Any) -> bool:
    """Tell whether a value is a time and nothing else: a day, hours, a date, or a list of such."""
    items = value if isinstance(value, list) else [value]
    return bool(items) and all(
        isinstance(item, str) and (_PHRASE.fullmatch(item.strip()) or _HOURS.fullmatch(item.strip())) for item in items
    )


def is_time_key(key: str) -> bool:
    """Tell whether a key says when something holds, whatever stands there."""
    return key.lower().replace("-", "_") in _KEYS


def explained(reading: Reading) -> Reading:
    """Return a reading whose reasons name the time, where it is the time that nobody read."""
    said = time_said(reading.statement.text) or _keyed_time(reading.statement.text)
    if not said:
        return reading
    when = f"when it holds is not read ({said}), as times are not converted"
    rules = []
    for rule in reading.rules:
        reason = rule.reason
        if rule.kind == "review" and reason.startswith((*_NOT_UNDERSTOOD, *_NOT_READ)):
            granted = "nothing is granted: " if reason.startswith("nothing is granted") else ""
            reason = f"{granted}{when}"
        doubt = when if rule.doubt and reading.note.startswith(_FORBIDDEN) else rule.doubt
        rules.append(replace(rule, reason=reason, doubt=doubt))
    note = reading.note
    if note.startswith(_FORBIDDEN):
        note = f"forbidden at all times: {when}"
    return replace(reading, rules=tuple(rules), note=note)


def _keyed_time(text: str) -> str:
    """Return the key and value of `role.clerk.hours: 9-17`; empty for anything else."""
    path, _, value = text.partition(": ")
    key = re.split(r"[.\]]", path)[-1]
    return f"{key} {value}" if is_time_key(key) and is_time(value.strip('"[]').split(",")[0]) else ""
