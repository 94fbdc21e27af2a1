"""What an argument is to repair, by its name: what may be made smaller without asking for something else.

Less is not always safer. Fewer items under `exclude` reach more, a smaller `offset` is no smaller request, 0 often means no
limit, and half a payment is another payment. So names are listed that may be narrowed, and all others stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from gatling.schema.arguments import ArgumentPath, is_destination_name, name_words, walk
from gatling.schema.words import split_words

MAX_VALUES = 4_096
"""Values of one call that repair looks at."""

_THINGS = frozenset(
    "ids files paths documents docs records items rows columns fields tables messages emails events users names keys folders "
    "scopes permissions attachments attachment resources tags labels contacts photos reports sheets buckets repositories".split()
)
_ADDITIONS = frozenset("cc bcc webhook callback notify attachment attachments attach".split())
_HOLDING_BACK = frozenset(
    "exclude excluded excluding except exceptions ignore ignored skip skipped block blocked deny denied forbidden without not no "
    "omit filter filters where condition conditions redact redacted mask masked min minimum offset".split()
)


def holds_back(path: ArgumentPath) -> bool:
    """Tell whether some name of the path says that what stands there makes the call reach less."""
    return any(not _HOLDING_BACK.isdisjoint(split_words(part)) for part in path if isinstance(part, str))


def is_place(path: ArgumentPath) -> bool:
    """Tell whether some name of the path says where something goes."""
    return any(is_destination_name((part,)) for part in path if isinstance(part, str))


def is_list_of_things(path: ArgumentPath) -> bool:
    """Tell whether a list under this name says what a call acts on or sends to, so that fewer items are less."""
    words = set(name_words(path))
    return not holds_back(path) and (is_place(path) or not words.isdisjoint(_THINGS))


def is_addition(path: ArgumentPath) -> bool:
    """Tell whether an argument of this name only adds to what a call does: a copy to somebody, an attachment."""
    return not holds_back(path) and not _ADDITIONS.isdisjoint(name_words(path))


def values_of(arguments: dict[str, Any]) -> Iterator[tuple[ArgumentPath, Any]]:
    """Yield every scalar and every list with its path, `MAX_VALUES` at most."""
    found = ((path, value) for path, value in walk(arguments) if not isinstance(value, dict))
    return islice(found, MAX_VALUES)
