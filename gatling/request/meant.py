"""Which record of a list a request speaks of: "the latest mail", "Kim's message", "the repository with the most stars".

| a request says | the record is told by |
| --- | --- |
| "Kim's mail", "the ticket from kim@corp.example", "what Kim asks" | its sender, author or owner |
| "the mail with the subject 'Roadmap'", "the file notes.md" | its subject, title, name or path, to the letter |
| "the latest mail", "the oldest ticket" | its date among those of the list |
| "the second mail", "the last result" | its place in the list |
| "the one with the most stars", "the cheapest flight" | a number that every record of the list has |

- Words tell one record or none. Where two would fit, where the list has no dates or no such number, or where a request points
  to two things, nothing is known, and who reads the answer goes on as if nothing had been asked.
- Only fields of records count, which the service filled in. That a text says of itself to be the latest tells nothing.
- Linear in the records and in the request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gatling.request.references import JOINING, Order, Person, References, folded, is_called, references_in
from gatling.request.request import Request
from gatling.schema.arguments import leaf_text, leaves, number_of
from gatling.schema.budget import checked
from gatling.schema.lazy import cached_property
from gatling.schema.words import split_words, stem

MAX_RECORDS = 2_000
"""Of a longer list nothing is told."""
_MAX_VALUE_CHARS = 200
_BY = (
    "sender",
    "from",
    "author",
    "sender_name",
    "from_name",
    "from_address",
    "user",
    "username",
    "created_by",
    "reporter",
)
_OWNED_BY = ("owner", "assignee", "account", "customer", "vendor")
_TITLES = ("subject", "title", "name", "filename", "file_name", "path", "full_name", "repository", "repo")
_DATES = (
    "received_at", "sent_at", "received", "sent", "date", "timestamp", "time", "created_at", "created", "published_at",
    "modified", "last_modified", "updated_at",
)  # fmt: skip
_PRICE = re.compile(
    r"\s*(?:[$\u20ac\u00a3\u00a5]|[a-z]{3}\s)?\s*(\d[\d,]{0,15}(?:\.\d{1,6})?)\s*(?:[$\u20ac\u00a3\u00a5]|[a-z]{1,5})?\s*",
    re.I,
)


@dataclass(frozen=True)
class Pointing:
    """To which records of lists a request points."""

    request: Request

    def record(
        self, records: Sequence[Mapping[str, Any]], words: Sequence[str], *, is_one_list: bool = True
    ) -> int | None:
        """Return the position of the one record that the request speaks of; None where that is not certain.

        Args:
            records: of one list, or of several that the same tool returned.
            words: what the list is called: the words of the tool that returned it, and of the field that it stands in, and
                what it was asked for with, such as a search query.
            is_one_list: whether the records stand in the order of one list.
        """
        says = self._says
        if says is None or not (says.orders or says.people or says.titles) or not 1 < len(records) <= MAX_RECORDS:
            return None
        stems = frozenset(map(stem, words))
        fields = [_fields(record) for record in checked(records)]
        left = set(range(len(records)))
        span: tuple[int, int] | None = None
        for person in says.people:
            keys = (*_BY, *_OWNED_BY) if person.noun else _BY
            by = {i for i, own in enumerate(fields) if self._is_by(own, keys, person)}
            if by and is_called(person.noun, stems):
                if not by & left:
                    return None  # two people, and a record of each
                left, span = by & left, person.span
        is_narrowed = span is not None
        entitled = {i for i in left if _is_entitled(fields[i], says.titles)}
        if entitled:
            left, is_narrowed = entitled, True
        orders = [order for order in says.orders if is_called(order.noun, stems) and _has_field(order, fields)]
        if not orders:
            return left.pop() if is_narrowed and len(left) == 1 else None
        if len({(order.way, order.rank, order.fields) for order in orders}) > 1:
            return None
        if any(not order.only <= stems for order in orders):
            return None
        if span is not None and not _is_one_phrase(self.request.text, span, orders[0].span):
            return None
        return _first(orders[0], sorted(left), fields, is_one_list)

    @cached_property
    def _says(self) -> References | None:
        return references_in(self.request)

    def _is_by(self, fields: Mapping[str, list[Any]], keys: Sequence[str], person: Person) -> bool:
        """Tell whether a record is of a person, by its sender's name or address."""
        names = [name for name in self.request.people if (name.start, name.end) == person.span]
        for value in (str(v).strip().lower() for key in keys for v in fields.get(key, ()) if v):
            if len(value) > _MAX_VALUE_CHARS:
                continue
            shown, _, address = value.partition("<")
            address = (address or shown).rstrip("> ").strip()
            if "@" in person.name and address == person.name:
                return True
            words = [w for w in split_words(shown.partition("@")[0]) if w.isalpha()]
            spelled = [".".join(words)] if 0 < len(words) <= 4 else []
            spelled += [address.partition("@")[0]] if "@" in address else []
            if any(name.fits(local) for name in names for local in spelled):
                return True
        return False


def _fields(record: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the values of a record by their keys in lower case, those of a nested object together."""
    found: dict[str, list[Any]] = {}
    for key, value in record.items():
        if isinstance(value, dict):
            found.setdefault(str(key).lower(), []).extend(v for _, v in leaves(value))
        elif not isinstance(value, (list, tuple)):
            found.setdefault(str(key).lower(), []).append(value)
    return found


def _is_entitled(fields: Mapping[str, list[Any]], titles: frozenset[str]) -> bool:
    return any(
        folded(text) in titles or folded(text.rsplit("/", 1)[-1]) in titles
        for key in _TITLES
        for text in map(leaf_text, fields.get(key, ()))
        if text and len(text) <= _MAX_VALUE_CHARS
    )


def _has_field(order: Order, fields: Sequence[Mapping[str, list[Any]]]) -> bool:
    """Tell whether an order is one of these records: "with the most stars" is none of a list that has no stars."""
    return order.way != "number" or bool(_numeric(order, fields))


def _numeric(order: Order, fields: Sequence[Mapping[str, list[Any]]]) -> list[str]:
    """Return the fields that an order compares and that every record has as a number."""
    return [
        key
        for key in fields[0]
        if not order.fields.isdisjoint(map(stem, split_words(key)))
        and all(len(own.get(key, ())) == 1 and _number(own[key][0]) is not None for own in fields)
    ]


def _number(value: Any) -> float | None:
    """Return the number that a field holds, with or without a currency or a unit."""
    if isinstance(value, str) and (match := _PRICE.fullmatch(value[:64])):
        value = match.group(1)
    return number_of(value)


def _first(
    order: Order, left: Sequence[int], fields: Sequence[Mapping[str, list[Any]]], is_one_list: bool
) -> int | None:
    """Return the record that comes first by an order, of those that are left; None if two share its place."""
    own = [fields[i] for i in left]
    if order.way == "number":
        firsts = {_single([_number(f[key][0]) for f in own], order.rank) for key in _numeric(order, fields)}
        return left[at] if len(firsts) == 1 and (at := firsts.pop()) is not None else None
    dates = _dates(own)
    if order.way == "date":
        if dates is not None:
            return None if (at := _single(dates, order.rank)) is None else left[at]
        return left[-1] if order.fields and is_one_list and not _have_dates(own) else None
    in_order = dates is None or dates == sorted(dates)  # of mails that are shown newest first, which is the second?
    return left[order.rank - 1] if in_order and is_one_list and order.rank <= len(left) else None


def _single(values: Sequence[Any], rank: int) -> int | None:
    """Return where the largest value stands (`rank` -1) or the smallest (1); None if it stands twice."""
    if not values:
        return None
    best = max(values) if rank < 0 else min(values)
    return values.index(best) if values.count(best) == 1 else None


def _have_dates(fields: Sequence[Mapping[str, list[Any]]]) -> bool:
    return any(key in own for own in fields for key in _DATES)


def _dates(fields: Sequence[Mapping[str, list[Any]]]) -> list[float] | None:
    """Return the time of each record, by the first field that all of them have as one; None if there is none."""
    for key in _DATES:
        found = [_time(own[key][0]) if len(own.get(key, ())) == 1 else None for own in fields]
        if fields and all(time is not None for time in found):
            return [time for time in found if time is not None]
    return None


def _time(value: Any) -> float | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        found = datetime.fromisoformat(value.strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _is_one_phrase(text: str, one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Tell whether two words of a request are of one phrase: "the latest mail from Kim", not "the latest and what Kim asks"."""
    (_, end), (start, _) = sorted((one, other))
    return start <= end or (start - end <= 40 and JOINING.search(text, end, start) is None)
