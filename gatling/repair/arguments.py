"""What an argument is to repair, by its name: what may be made smaller without asking for something else.

Less is not always safer. Fewer items under `exclude` reach more, a smaller `offset` is no smaller request, 0 often means no
limit, and half a payment is another payment. So names are listed that may be narrowed, and all others stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gatling.policy.bounds import squashed_path as squashed_path
from gatling.policy.calls import is_place_name
from gatling.schema.words import split_words
from gatling.tools.derive import LIMITS

ArgumentPath = tuple[str | int, ...]
"""Keys of mappings and positions in lists, from the arguments inwards."""

MAX_VALUES = 4_096
"""Values of one call that repair looks at."""

_LIMITS = frozenset(LIMITS) - {"quantity"}
_AMOUNTS = frozenset("amount price total sum budget fee cost quantity qty".split())
_DURATIONS = frozenset("days hours minutes weeks months years duration period window ttl lookback expiry".split())
_STARTS = frozenset("start from since after begin starts earliest".split())
_ENDS = frozenset("end until before through ends latest till".split())
_THINGS = frozenset(
    "ids files paths documents docs records items rows columns fields tables messages emails events users names keys folders "
    "scopes permissions attachments attachment resources tags labels contacts photos reports sheets buckets repositories".split()
)
_ADDITIONS = frozenset("cc bcc webhook callback notify attachment attachments attach".split())
_HOLDING_BACK = frozenset(
    "exclude excluded excluding except exceptions ignore ignored skip skipped block blocked deny denied forbidden without not no "
    "omit filter filters where condition conditions redact redacted mask masked min minimum offset".split()
)


def last_name(path: ArgumentPath) -> str:
    """Return the innermost key of a path."""
    return next((part for part in reversed(path) if isinstance(part, str)), "")


def dotted(path: ArgumentPath) -> str:
    """Return the path as findings write it: keys joined by dots, without positions in lists."""
    return ".".join(part for part in path if isinstance(part, str))


def is_limit(path: ArgumentPath) -> bool:
    """Tell whether a number under this name says how many at most."""
    return " ".join(split_words(last_name(path))) in _LIMITS


def is_amount(path: ArgumentPath) -> bool:
    """Tell whether a number under this name says how much of a deed: a payment, an order."""
    return not _AMOUNTS.isdisjoint(split_words(last_name(path)))


def is_duration(path: ArgumentPath) -> bool:
    return not _DURATIONS.isdisjoint(split_words(last_name(path)))


def holds_back(path: ArgumentPath) -> bool:
    """Tell whether some name of the path says that what stands there makes the call reach less."""
    return any(not _HOLDING_BACK.isdisjoint(split_words(part)) for part in path if isinstance(part, str))


def is_place(path: ArgumentPath) -> bool:
    """Tell whether some name of the path says where something goes."""
    return any(is_place_name(part) for part in path if isinstance(part, str))


def is_list_of_things(path: ArgumentPath) -> bool:
    """Tell whether a list under this name says what a call acts on or sends to, so that fewer items are less."""
    words = set(split_words(last_name(path)))
    return not holds_back(path) and (is_place(path) or not words.isdisjoint(_THINGS))


def is_addition(path: ArgumentPath) -> bool:
    """Tell whether an argument of this name only adds to what a call does: a copy to somebody, an attachment."""
    return not holds_back(path) and not _ADDITIONS.isdisjoint(split_words(last_name(path)))


def end_of_range(path: ArgumentPath) -> int:
    """Return 1 if the name says that a range ends here, -1 if it starts here, 0 if neither or both."""
    words = set(split_words(last_name(path)))
    return (not words.isdisjoint(_ENDS)) - (not words.isdisjoint(_STARTS))


def values_of(arguments: dict[str, Any]) -> Iterator[tuple[ArgumentPath, Any]]:
    """Yield every scalar and every list with its path, `MAX_VALUES` at most."""
    stack: list[tuple[ArgumentPath, Any]] = [((key,), child) for key, child in reversed(arguments.items())]
    num_left = MAX_VALUES
    while stack and num_left:
        path, value = stack.pop()
        if isinstance(value, dict):
            stack.extend(((*path, key), child) for key, child in reversed(value.items()))
            continue
        yield path, value
        num_left -= 1
        if isinstance(value, (list, tuple)):
            stack.extend(((*path, i), child) for i, child in reversed(list(enumerate(value))))


def number_in(value: Any) -> float | None:
    """Return a number, or what a text that is a plain whole number says; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 15:
        return int(value)
    return None
