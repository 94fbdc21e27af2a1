"""Arguments of calls: walking them, and what their names say.

One vocabulary for oracle, critics, repair, Corrupter and generator. An `ArgumentPath` holds the keys of mappings and the
positions in lists that lead from the arguments to a value. What a name says is told by the words of its innermost key
(`maxResults` is `max results`).

| question | yes | no |
| --- | --- | --- |
| `is_limit`: how many items at most | `limit`, `maxResults`, `page_size`, `n` | `quantity`, `credit_limit`, `phone_number` |
| `is_amount`: how much of a deed | `amount`, `quantity`, `max_price` | `limit`, `account_number` |
| `is_duration`: how long | `days`, `retention_period` | `day`, `start_time` |
| `end_of_range`: where a range starts (-1) or ends (1) | `since`, `end_date`, `timeMax` | `date` |
| `is_destination_name`: where something goes | `to`, `recipients`, `webhook_url` | `from`, `title` |
| `is_receiver_name`: who receives it | `to`, `cc`, `attendees` | `webhook_url`, `reply_to` |
| `is_free_text_name`: what its writer likes | `body`, `commit_message` | `message_id`, `path` |
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from gatling.schema.budget import check
from gatling.schema.lru import remembered
from gatling.schema.words import number_word, split_words

ArgumentPath = tuple[str | int, ...]

MAX_NUMBER_CHARS = 40
"""A longer text is no number that anybody writes."""

LIMITS = tuple(
    "max results|limit|page size|max items|max keys|max records|max count|per page|top k|top n|num results|max rows|"
    "row limit|max number of messages|max number|results per page|batch size|number of results|result limit|count|"
    "n|k|first|top|max".split("|")
)
"""Names that say how many items a call returns or touches at most, the plainest first."""

_COUNTS = frozenset("max maximum num number count size limit total".split())
_COUNTED = frozenset(
    "results result rows row items item records record messages emails entries hits page pages batch files events keys lines "
    "transactions documents users matches objects comments issues posts".split()
)
_NAMING = frozenset(
    "phone telephone mobile fax account card order invoice id iban serial tracking flight room house street version".split()
)
_OF_MONEY_OR_RATE = frozenset("credit price spending spend budget amount cost speed rate time age fee weight".split())
_AMOUNTS = frozenset("amount price total sum budget fee cost quantity qty".split())
_DURATIONS = frozenset(
    "days hours minutes weeks months years duration period window ttl lookback expiry expires".split()
)
_STARTS = frozenset("start from since after begin starts earliest".split())
_ENDS = frozenset("end until before through ends latest till".split())
_OF_TIME = frozenset("time date day timestamp".split())
_DESTINATIONS = frozenset(
    "to cc bcc recipient recipients destination destinations endpoint webhook callback invitee invitees participant "
    "participants attendee attendees remote host target forward url uri link payee beneficiary".split()
)
_RECEIVERS = frozenset(
    "to cc bcc recipient recipients invitee invitees participant participants attendee attendees".split()
)
_FREE_TEXT = frozenset(
    "subject body content contents message text title description note notes comment comments summary caption reason memo "
    "details prompt topic msg html headline line heading markdown payload instructions".split()
)


# --- walking ----------------------------------------------------------------------------------------------------------


def walk(value: Any, path: ArgumentPath = ()) -> Iterator[tuple[ArgumentPath, Any]]:
    """Yield every value with its path, in order: a mapping or list before what it holds. No recursion."""
    stack: list[tuple[ArgumentPath, Any]] = [(path, value)]
    while stack:
        check()
        where, item = stack.pop()
        yield where, item
        if isinstance(item, dict):
            stack.extend(((*where, str(key)), child) for key, child in reversed(item.items()))
        elif isinstance(item, (list, tuple)):
            stack.extend(((*where, i), item[i]) for i in range(len(item) - 1, -1, -1))


def leaves(value: Any) -> Iterator[tuple[ArgumentPath, Any]]:
    """Yield every scalar with its path, in order."""
    return ((path, item) for path, item in walk(value) if not isinstance(item, (dict, list, tuple)))


def dotted_leaves(value: Any) -> list[tuple[str, Any]]:
    """Return (dotted path, scalar) pairs; items of a list share the list's path."""
    if isinstance(value, dict) and not any(isinstance(item, (dict, list, tuple)) for item in value.values()):
        check()  # as most arguments are
        return [(str(key), item) for key, item in value.items()]
    return [(dotted(path), item) for path, item in leaves(value)]


def leaf_text(value: object) -> str:
    """Return a leaf as text, empty for yes, no and nothing: those say nothing about where they come from."""
    if value is None or isinstance(value, bool):
        return ""
    return number_word(value) if isinstance(value, (int, float)) else str(value)


def keys_of(path: ArgumentPath) -> tuple[str, ...]:
    """Return the path without positions in lists."""
    return tuple(part for part in path if isinstance(part, str))


def dotted(path: ArgumentPath) -> str:
    """Return the path as findings write it: keys joined by dots, without positions in lists."""
    return ".".join(keys_of(path))


# --- values -----------------------------------------------------------------------------------------------------------


def number_of(value: Any) -> float | None:
    """Return the finite number that a JSON value is or that a text writes (`10`, `1,000`, `2.5`, `1e6`); else None.

    Whole numbers come as integers of any size.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and len(value) > MAX_NUMBER_CHARS:
        return None
    try:
        number = float(value.replace(",", "") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() else number


# --- names ------------------------------------------------------------------------------------------------------------


def name_words(path: ArgumentPath | str) -> tuple[str, ...]:
    """Return the words of the innermost key of a path, dotted or not."""
    return _words(path.rpartition(".")[2] if type(path) is str else _innermost(path))


def _innermost(path: ArgumentPath | str) -> str:
    if isinstance(path, str):
        return path.rpartition(".")[2]
    return next((part for part in reversed(path) if isinstance(part, str)), "")


@remembered(4_096)
def _words(name: str) -> tuple[str, ...]:
    return tuple(split_words(name))


def is_limit(path: ArgumentPath | str) -> bool:
    """Tell whether a number under this name says how many items a call returns or touches at most."""
    return _is_limit(path.rpartition(".")[2] if type(path) is str else _innermost(path))


@remembered(4_096)
def _is_limit(name: str) -> bool:
    words = _words(name)
    if " ".join(words) in LIMITS or words in (("rows",), ("results",)):
        return True
    if not _NAMING.isdisjoint(words) or not _OF_MONEY_OR_RATE.isdisjoint(words):
        return False
    return "limit" in words or not (_COUNTS.isdisjoint(words) or _COUNTED.isdisjoint(words))


def is_amount(path: ArgumentPath | str) -> bool:
    """Tell whether a number under this name says how much of a deed: a payment, an order."""
    return not _AMOUNTS.isdisjoint(name_words(path)) and not is_limit(path)


def is_duration(path: ArgumentPath | str) -> bool:
    """Tell whether a number under this name says how long."""
    return not _DURATIONS.isdisjoint(name_words(path))


def end_of_range(path: ArgumentPath | str) -> int:
    """Return 1 if the name says that a range ends here, -1 if it starts here, 0 if neither or both."""
    words = frozenset(name_words(path))
    of_time = not _OF_TIME.isdisjoint(words)
    ends = not words.isdisjoint(_ENDS) or (of_time and "max" in words)
    starts = not words.isdisjoint(_STARTS) or (of_time and "min" in words)
    return ends - starts


def is_destination_name(path: ArgumentPath | str) -> bool:
    """Tell whether an argument, by its name, says where something goes."""
    return not _DESTINATIONS.isdisjoint(name_words(path))


def is_receiver_name(path: ArgumentPath | str) -> bool:
    """Tell whether an argument, by its name, says who receives something, so that their number is how many there are."""
    return _is_receiver(path.rpartition(".")[2] if type(path) is str else _innermost(path))


@remembered(4_096)
def _is_receiver(name: str) -> bool:
    words = _words(name)
    return not _RECEIVERS.isdisjoint(words) and "reply" not in words


def is_free_text_name(path: ArgumentPath | str) -> bool:
    """Tell whether an argument, by the last word of its name, holds what its writer likes: a body, a subject, a note."""
    return _is_free_text(path.rpartition(".")[2] if type(path) is str else _innermost(path))


@remembered(4_096)
def _is_free_text(name: str) -> bool:
    words = _words(name)
    return bool(words) and words[-1] in _FREE_TEXT
