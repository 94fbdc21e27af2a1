"""Calls that wait for a person's word, and the words that were given. One file, which survives restarts.

    approvals = Approvals("approvals.db")
    session = Session(guard, policy=..., role=..., approvals=approvals)
    ...                                    # a call is escalated: decision.pending is its id
    approvals.approve(decision.pending, by="ann")
    session.judge(tool_name, arguments)    # allowed, once

- A word is bound to the digest of tool, arguments, policy and session: it lets no other call pass, and none after the policy has
  changed. It counts once, and until it expires.
- Several processes may share the file. What cannot be read or written is an error, and the session denies.
- What is kept for people to look at is without what looks like a secret; the binding is a digest.
"""

from __future__ import annotations

import json
import math
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gatling.errors import ConfigError, GatlingError, InputError
from gatling.guard.database import Database, DatabaseError, SqliteFile, Table, Transaction
from gatling.guard.secrets import mask_data

State = Literal["waiting", "approved", "refused", "used", "expired"]

TABLE = Table(
    "approvals",
    "id TEXT PRIMARY KEY, binding TEXT NOT NULL, session TEXT NOT NULL, tool_name TEXT NOT NULL, arguments TEXT NOT NULL, "
    "reasons TEXT NOT NULL, asked_at DOUBLE PRECISION NOT NULL, until DOUBLE PRECISION NOT NULL, state TEXT NOT NULL, "
    "person TEXT NOT NULL DEFAULT '', decided_at DOUBLE PRECISION",
    (("by_binding", "binding"),),
)
_COLUMNS = "id, session, tool_name, arguments, reasons, asked_at, until, state, person, decided_at"


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's word on one call. It counts once, and only for the call that it was given for."""

    id: str
    by: str
    """Who gave it, as the application names people."""
    at: float
    """When, in seconds since 1970."""
    until: float
    """It does not count after this."""
    is_approved: bool = True

    def to_dict(self) -> dict[str, Any]:
        return {"id": self.id, "by": self.by, "at": self.at, "until": self.until}


@dataclass(frozen=True, slots=True)
class PendingCall:
    """A call that a person was asked about."""

    id: str
    session: str
    tool_name: str
    arguments: dict[str, Any]
    """With `[secret]` in the place of what looks like one."""
    reasons: tuple[str, ...]
    asked_at: float
    until: float
    """The question, or the word that was given, does not count after this."""
    state: State
    by: str
    decided_at: float | None

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "session": self.session,
            "tool_name": self.tool_name,
            "arguments": self.arguments,
            "reasons": list(self.reasons),
            "asked_at": self.asked_at,
            "until": self.until,
            "state": self.state,
            "by": self.by,
            "decided_at": self.decided_at,
        }


class ApprovalError(GatlingError):
    """The file of approvals cannot be used, or a word comes too late or for the second time."""


class Approvals:
    """Questions to people and their answers. Safe to share between threads and, with a path, between processes.

    Args:
        path: an SQLite file, or another database with `TABLE` in it; by default all is kept in memory, and ends with the process.
        minutes: how long a question may wait, and how long a word counts, unless it says otherwise.

    Raises:
        ApprovalError: if the file cannot be opened.
        ConfigError: if `minutes` is not above 0.
    """

    def __init__(
        self,
        path: str | Path | Database | None = None,
        *,
        minutes: float = 60.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not 0 < minutes < math.inf:
            raise ConfigError(f"minutes is {minutes}, it must be above 0 and finite")
        self.minutes = minutes
        self._clock = clock
        try:
            if path is None or isinstance(path, (str, Path)):
                self._database: Database = SqliteFile(None if path is None else Path(path), TABLE)
            else:
                self._database = path
        except DatabaseError as error:
            raise ApprovalError(str(error)) from None

    # --- what a session asks ------------------------------------------------------------------------------------------

    def ask(
        self, binding: str, *, session: str, tool_name: str, arguments: Mapping[str, Any], reasons: tuple[str, ...]
    ) -> str:
        """Note a call that waits; return its id. One that waits already keeps its id."""
        with self._transaction() as db:
            now = self._clock()
            row = db.execute(
                "SELECT id FROM approvals WHERE binding = ? AND state = 'waiting' AND until >= ?", (binding, now)
            ).fetchone()
            if row:
                return str(row[0])
            known = secrets.token_hex(8)
            shown = json.dumps(mask_data(dict(arguments)), ensure_ascii=False)
            values = (known, binding, session, tool_name, shown, json.dumps(reasons), now, now + 60 * self.minutes)
            db.execute(
                "INSERT INTO approvals (id, binding, session, tool_name, arguments, reasons, asked_at, until, state) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'waiting')",
                values,
            )
            return known

    def take(self, binding: str) -> Approval | None:
        """Return the word on a call, if one counts. A yes is used up by this; a no stands until it expires."""
        with self._transaction() as db:
            row = db.execute(
                "SELECT id, person, decided_at, until, state FROM approvals WHERE binding = ? AND until >= ? "
                f"AND state IN ('approved', 'refused') ORDER BY decided_at DESC, rowid DESC LIMIT 1{self._database.for_update}",
                (binding, self._clock()),
            ).fetchone()
            if row is None:
                return None
            if row[4] == "approved":
                db.execute("UPDATE approvals SET state = 'used' WHERE id = ?", (row[0],))
            known, by, at, until, state = row
            return Approval(known, by, at, until, is_approved=state == "approved")

    # --- what a person says -------------------------------------------------------------------------------------------

    def approve(self, id: str, *, by: str, minutes: float | None = None) -> Approval:
        """Let a call that waits pass once.

        Args:
            by: who says so.
            minutes: how long it counts from now on.

        Raises:
            InputError: if no call has this id, or `by` is empty.
            ApprovalError: if it has been answered, or waits no more.
        """
        return self._decide(id, "approved", by, minutes)

    def refuse(self, id: str, *, by: str, minutes: float | None = None) -> Approval:
        """Refuse a call that waits: it is denied without asking again, until this expires. Raises: as `approve`."""
        return self._decide(id, "refused", by, minutes)

    def waiting(self, session: str | None = None) -> list[PendingCall]:
        """Return the calls that wait, the oldest first."""
        return [p for p in self.all(session) if p.state == "waiting"]

    def all(self, session: str | None = None) -> list[PendingCall]:
        """Return every call that people were asked about, the oldest first."""
        where = "" if session is None else " WHERE session = ?"
        with self._transaction() as db:
            rows = db.execute(
                f"SELECT {_COLUMNS} FROM approvals{where} ORDER BY asked_at, rowid",
                () if session is None else (session,),
            ).fetchall()
        return [self._pending(row) for row in rows]

    def find(self, id: str) -> PendingCall | None:
        """Return one call that people were asked about, if there is one of this id."""
        with self._transaction() as db:
            row = db.execute(f"SELECT {_COLUMNS} FROM approvals WHERE id = ?", (id,)).fetchone()
        return None if row is None else self._pending(row)

    def _decide(self, id: str, state: State, by: str, minutes: float | None) -> Approval:
        if not by.strip():
            raise InputError("by is empty: say who decides")
        if minutes is not None and not 0 < minutes < math.inf:
            raise ConfigError(f"minutes is {minutes}, it must be above 0 and finite")
        with self._transaction() as db:
            row = db.execute(
                f"SELECT {_COLUMNS} FROM approvals WHERE id = ?{self._database.for_update}", (id,)
            ).fetchone()
            if row is None:
                raise InputError(f"no call waits under the id {id!r}")
            pending = self._pending(row)
            if pending.state != "waiting":
                raise ApprovalError(f"the call {id} waits no more, it is {pending.state}")
            now = self._clock()
            until = now + 60 * (self.minutes if minutes is None else minutes)
            db.execute(
                "UPDATE approvals SET state = ?, person = ?, decided_at = ?, until = ? WHERE id = ?",
                (state, by, now, until, id),
            )
            return Approval(id, by, now, until, is_approved=state == "approved")

    def _pending(self, row: Any) -> PendingCall:
        id, session, tool_name, arguments, reasons, asked_at, until, state, by, decided_at = row
        if state in ("waiting", "approved") and until < self._clock():
            state = "expired"
        try:
            given = json.loads(arguments), tuple(json.loads(reasons))
        except (ValueError, TypeError) as error:
            raise ApprovalError(f"{self._database.name}: the call {id} is damaged: {error}") from None
        return PendingCall(id, session, tool_name, *given, asked_at, until, state, by, decided_at)

    # --- the database -------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the file; the next use opens it again. What was kept in memory is gone."""
        self._database.close()

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        """Hold the table for one change. Raises: ApprovalError."""
        try:
            with self._database.transaction() as db:
                yield db
        except DatabaseError as error:
            raise ApprovalError(str(error)) from None
