"""Where what must outlive a process is kept: one SQLite file, or memory; others keep the same tables elsewhere.

Statements are written once, with `?` for values, in the part of SQL that SQLite and PostgreSQL read alike. Tables have a column
`rowid`, which grows with every row.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from gatling.errors import GatlingError


class DatabaseError(GatlingError):
    """What is kept cannot be read or written."""


class ConflictError(DatabaseError):
    """A row of this key is there already."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a database."""

    name: str
    columns: str
    """As in CREATE TABLE, with the key."""
    indexes: tuple[tuple[str, str], ...] = ()
    """Name and columns of each."""


class Rows(Protocol):
    """What a statement found or changed."""

    @property
    def rowcount(self) -> int: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...


class Transaction(Protocol):
    """One change, whole or not at all."""

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Rows: ...


class Database(Protocol):
    """Safe to share between threads, and what it keeps between processes."""

    name: str
    """How messages call it."""
    for_update: str
    """What ends a SELECT of a row that is then changed: ` FOR UPDATE` where several transactions are open at a time, and nothing
    where there is one."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Hold the tables for one change. Raises: DatabaseError."""

    def close(self) -> None:
        """Close it; the next use opens it again."""


class SqliteFile:
    """One file of SQLite, or memory. One process writes at a time.

    Args:
        path: None for memory, which ends with this object.
        tables: made where they are not there.
        survives_power_loss: wait until the disk has each change. Without it a machine that loses power may lose the latest
            changes, and a process that is killed loses none.

    Raises:
        DatabaseError: if the file cannot be opened.
    """

    for_update = ""

    def __init__(self, path: Path | None, *tables: Table, survives_power_loss: bool = True) -> None:
        self.path = path
        self.name = "memory" if path is None else str(path)
        self._tables = tables
        self._survives_power_loss = survives_power_loss
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._process = 0
        with self.transaction():
            pass

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Hold the file for one change. Raises: DatabaseError."""
        with self._lock:
            try:
                db = self._open()
            except (sqlite3.Error, OSError) as error:
                raise DatabaseError(f"{self.name}: {getattr(error, 'strerror', None) or error}") from None
            try:
                db.execute("BEGIN IMMEDIATE")
                try:
                    yield db
                except BaseException:
                    db.execute("ROLLBACK")
                    raise
                db.execute("COMMIT")
            except sqlite3.IntegrityError as error:
                raise ConflictError(f"{self.name}: {error}") from None
            except sqlite3.Error as error:
                raise DatabaseError(f"{self.name}: {error}") from None

    def close(self) -> None:
        """Close the file; the next use opens it again. What was kept in memory is gone."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> sqlite3.Connection:
        """Return the connection of this process: one from before a fork is not to be used in the child."""
        if self._connection is None or self._process != os.getpid():
            place = ":memory:" if self.path is None else str(self.path)
            if self.path is not None and os.name == "posix":  # before anything is in it
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
                if sys.platform != "win32":
                    self.path.chmod(0o600)
            db = sqlite3.connect(place, timeout=5.0, isolation_level=None, check_same_thread=False)
            weakref.finalize(self, db.close)
            if not self._survives_power_loss:
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = NORMAL")
            for table in self._tables:
                db.execute(f"CREATE TABLE IF NOT EXISTS {table.name} ({table.columns})")
                for name, columns in table.indexes:
                    db.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {table.name} ({columns})")
            self._connection, self._process = db, os.getpid()
        return self._connection
