"""How much of the policies in recorded data is not read: the guard reads those leniently, and people should know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gatling.errors import InputError

if TYPE_CHECKING:
    from gatling.adapters.recorded import Conversation, Unreadable


class UnreadCount:
    """Counts the different policies of conversations that pass by, and the parts of them that are not read."""

    def __init__(self) -> None:
        self._parts: dict[str, int] = {}
        self._first = ""

    def counted(self, records: Iterable[Conversation | Unreadable]) -> Iterator[Conversation | Unreadable]:
        """Yield the same records."""
        for record in records:
            self._add(record)
            yield record

    def _add(self, record: Conversation | Unreadable) -> None:
        from gatling.adapters.recorded import Unreadable
        from gatling.policy import recognise
        from gatling.schema.plain import canonical_json

        if isinstance(record, Unreadable):
            return
        try:
            policy = record.context().policy
            text = canonical_json(policy)
            if text in self._parts:
                return
            unread = recognise(policy, strict=False).unrecognised
        except InputError:  # the record's verdict says so
            return
        self._parts[text] = len(unread)
        if unread and not self._first:
            self._first = f"{unread[0].place}: {unread[0].reason}"

    def say(self) -> None:
        """Print a line on stderr if there is such a part."""
        from rich.markup import escape

        from gatling.cli.console import note

        count = sum(1 for parts in self._parts.values() if parts)
        if count:
            total = sum(self._parts.values())
            text = (
                f"{count} of {len(self._parts)} policies are not read whole, {total} parts; the first is {self._first}"
            )
            note(escape(text))
