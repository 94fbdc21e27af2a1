"""What is kept of a session: how it was begun, and what it was told, entry by entry, with the decisions on the calls in it.

That is enough to go on with it in any process: see `gatling.server.resume`. An entry is written when it has been judged and
logged, and before anybody is answered.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from gatling.errors import InputError
from gatling.guard.database import Database, DatabaseError, Table, Transaction

Kind = Literal["message", "call", "result", "text"]

SESSIONS = Table(
    "sessions",
    "id TEXT PRIMARY KEY, settings TEXT NOT NULL, created_at DOUBLE PRECISION NOT NULL, touched_at DOUBLE PRECISION NOT NULL, "
    "until DOUBLE PRECISION NOT NULL",
    (("sessions_by_touch", "touched_at"), ("sessions_by_end", "until")),
)
ENTRIES = Table(
    "entries",
    "session TEXT NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL, decisions TEXT NOT NULL, "
    "at DOUBLE PRECISION NOT NULL, PRIMARY KEY (session, number)",
)
PURGE_EVERY = 256
"""Sessions that are begun between two looks for those that are too old."""


@dataclass(frozen=True, slots=True)
class Record:
    """How a session was begun."""

    id: str
    settings: dict[str, Any]
    created_at: float
    touched_at: float
    """When it was last told something."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a session was told."""

    number: int
    """From 0, without gaps."""
    kind: Kind
    data: dict[str, Any]
    """The body of the request."""
    decisions: tuple[dict[str, Any], ...]
    """On the calls in it (`gatling.guard.record`)."""
    at: float
    num_bytes: int
    """Of its text."""


class UnknownSessionError(InputError):
    """No session has this id, or it has been thrown away."""


class Held:
    """One session, while something is added to it."""

    def __init__(self, record: Record, run: Callable[[], Any], keep_s: float, clock: Callable[[], float]) -> None:
        self.record = record
        self._run = run
        self._keep_s = keep_s
        self._clock = clock

    def entries(self, since: int = 0) -> list[Entry]:
        """Return what it was told, from one entry on. Raises: DatabaseError."""
        with self._run() as db:
            return _entries(db, self.record.id, since)

    def append(self, number: int, kind: Kind, data: dict[str, Any], decisions: list[dict[str, Any]]) -> int:
        """Add an entry; return the bytes of it. Raises: ConflictError if another process was faster; DatabaseError."""
        now = self._clock()
        texts = json.dumps(data), json.dumps(decisions)
        with self._run() as db:
            db.execute(
                "INSERT INTO entries (session, number, kind, data, decisions, at) VALUES (?, ?, ?, ?, ?, ?)",
                (self.record.id, number, kind, *texts, now),
            )
            touched = db.execute(
                "UPDATE sessions SET touched_at = ?, until = ? WHERE id = ?", (now, now + self._keep_s, self.record.id)
            )
            if not touched.rowcount:
                raise UnknownSessionError(f"the session {self.record.id!r} was deleted")
        return sum(map(len, texts))


class Store:
    """Sessions in a database with the tables `SESSIONS` and `ENTRIES`. Safe to share between threads.

    Args:
        keep_s: sessions that were told nothing for so long are thrown away.
    """

    def __init__(self, database: Database, *, keep_s: float, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._keep_s = keep_s
        self._clock = clock
        self._num_begun = 0

    def begin(
        self,
        id: str,
        settings: dict[str, Any],
        entries: list[tuple[Kind, dict[str, Any]]] | None = None,
        *,
        keep_s: float | None = None,
    ) -> Record:
        """Note a new session, with what it is told at once.

        Args:
            keep_s: in place of the store's.

        Raises:
            ConflictError: if there is one of this id.
            DatabaseError: if it cannot be written.
        """
        now = self._clock()
        until = now + (self._keep_s if keep_s is None else keep_s)
        with self._database.transaction() as db:
            if self._num_begun % PURGE_EVERY == 0:
                self._purge(db, now)
            db.execute(
                "INSERT INTO sessions (id, settings, created_at, touched_at, until) VALUES (?, ?, ?, ?, ?)",
                (id, json.dumps(settings), now, now, until),
            )
            for number, (kind, data) in enumerate(entries or []):
                db.execute(
                    "INSERT INTO entries (session, number, kind, data, decisions, at) VALUES (?, ?, ?, ?, '[]', ?)",
                    (id, number, kind, json.dumps(data), now),
                )
        self._num_begun += 1
        return Record(id, settings, now, now)

    @contextmanager
    def held(self, id: str) -> Iterator[Held]:
        """Hold a session, against other processes where the database can hold a row.

        Raises:
            UnknownSessionError: if there is none of this id.
            DatabaseError: if it cannot be read.
        """
        if not self._database.for_update:  # then one process serves, which asks about a session one after the other
            with self._database.transaction() as db:
                record = _record(db, id)
            yield Held(record, self._database.transaction, self._keep_s, self._clock)
            return
        with self._database.transaction() as db:
            record = _record(db, id, self._database.for_update)

            @contextmanager
            def same() -> Iterator[Transaction]:
                yield db

            yield Held(record, same, self._keep_s, self._clock)

    def find(self, id: str) -> tuple[Record, list[Entry]]:
        """Return a session with all that it was told. Raises: UnknownSessionError, DatabaseError."""
        with self._database.transaction() as db:
            return _record(db, id), _entries(db, id, 0)

    def latest(self, count: int) -> list[Record]:
        """Return the sessions that were told something last, the latest first. Raises: DatabaseError."""
        with self._database.transaction() as db:
            rows = db.execute(
                "SELECT id, settings, created_at, touched_at FROM sessions ORDER BY touched_at DESC, rowid DESC LIMIT ?",
                (count,),
            ).fetchall()
        return [_record_of(row) for row in rows]

    def delete(self, id: str) -> None:
        """Throw a session away. Raises: UnknownSessionError, DatabaseError."""
        with self._database.transaction() as db:
            db.execute("DELETE FROM entries WHERE session = ?", (id,))
            if not db.execute("DELETE FROM sessions WHERE id = ?", (id,)).rowcount:
                raise _unknown(id)

    def check(self) -> None:
        """Look whether the database answers. Raises: DatabaseError."""
        with self._database.transaction() as db:
            db.execute("SELECT 1 FROM sessions LIMIT 1").fetchall()

    def _purge(self, db: Transaction, now: float) -> None:
        db.execute("DELETE FROM entries WHERE session IN (SELECT id FROM sessions WHERE until < ?)", (now,))
        db.execute("DELETE FROM sessions WHERE until < ?", (now,))


def _record(db: Transaction, id: str, more: str = "") -> Record:
    row = db.execute(f"SELECT id, settings, created_at, touched_at FROM sessions WHERE id = ?{more}", (id,)).fetchone()
    if row is None:
        raise _unknown(id)
    return _record_of(row)


def _record_of(row: Any) -> Record:
    id, settings, created_at, touched_at = row
    return Record(id, _json(settings, id), created_at, touched_at)


def _entries(db: Transaction, id: str, since: int) -> list[Entry]:
    rows = db.execute(
        "SELECT number, kind, data, decisions, at FROM entries WHERE session = ? AND number >= ? ORDER BY number",
        (id, since),
    ).fetchall()
    found = []
    for due, (number, kind, data, decisions, at) in enumerate(rows, since):
        if number != due:
            raise DatabaseError(f"the session {id!r} is damaged: its entry {due} is missing")
        size = len(data) + len(decisions)
        found.append(Entry(number, kind, _json(data, id), tuple(_json(decisions, id)), at, size))
    return found


def _json(text: str, id: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise DatabaseError(f"the session {id!r} is damaged: {error}") from None


def _unknown(id: str) -> UnknownSessionError:
    return UnknownSessionError(f"there is no session {id!r}")
