"""A session from what is kept of it: told the same again, with the decisions that were made, and ready for the next entry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gatling.guard import Decision, Session
from gatling.guard.database import DatabaseError
from gatling.guard.record import decision_of
from gatling.server.store import Entry, Kind

BYTES_OF_A_SESSION = 15_000
BYTES_OF_A_BYTE = 95
"""What a session takes in memory, and each byte that it was told: of texts whose words all differ, as each word is indexed. Other
texts take less."""


@dataclass(slots=True)
class Live:
    """A session that is held ready."""

    session: Session
    created_at: float
    """Tells it from a later one of the same id."""
    num_entries: int = 0
    num_bytes: int = 0

    @property
    def size(self) -> int:
        """About what it takes in memory."""
        return BYTES_OF_A_SESSION + BYTES_OF_A_BYTE * self.num_bytes

    def catch_up(self, entries: Iterable[Entry]) -> None:
        """Take what other processes have added. Raises: DatabaseError if it does not fit, as what is kept is damaged then."""
        for entry in entries:
            try:
                tell(self.session, entry.kind, entry.data, [decision_of(record) for record in entry.decisions])
            except (ValueError, KeyError, TypeError) as error:  # an `InputError` is a ValueError
                raise DatabaseError(
                    f"the entry {entry.number} of {self.session.id!r} cannot be read again: {error}"
                ) from None
            self.took(entry.num_bytes)

    def took(self, num_bytes: int) -> None:
        self.num_entries += 1
        self.num_bytes += num_bytes


def tell(session: Session, kind: Kind, data: dict[str, Any], decisions: list[Decision]) -> None:
    """Tell a session what it was told before. Raises: InputError."""
    if kind == "message":
        session.recall(data["message"], decisions)
    elif kind == "call":
        [decision] = decisions
        session.recall_call(data["tool_name"], data["arguments"], decision)
    elif kind == "result":
        feed_result(session, data)
    else:
        feed_text(session, data)


def feed_result(session: Session, data: dict[str, Any]) -> None:
    """Tell a session what a call returned (`NewResult`). Raises: InputError."""
    session.feed_result(
        data["call_id"],
        data["output"],
        tool_name=data["tool_name"],
        source=data["source"],
        has_media=data["has_media"],
    )


def feed_text(session: Session, data: dict[str, Any]) -> None:
    """Tell a session what somebody has said (`NewText`). Raises: InputError."""
    feed = {
        "user": session.feed_user,
        "assistant": session.feed_assistant,
        "system": session.feed_system,
        "foreign": session.feed_foreign,
    }[data["by"]]
    feed(data["text"])
