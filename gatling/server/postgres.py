"""The same tables in PostgreSQL, for several servers that share sessions and approvals (extra `postgres`)."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

from gatling.guard.database import ConflictError, DatabaseError, Rows, Table, Transaction

_LOCK = 0x6761_746C
"""Of those who make the tables at the same time."""
WAIT_MS = 5_000
"""So long a statement waits for a row that somebody else holds, and a connection for the server."""


class Postgres:
    """A database of PostgreSQL. Each thread has a connection; one that was lost is made again for the next change.

    Args:
        address: as of libpq, such as `postgresql://gatling@db/gatling`. A password belongs into the file that PGPASSFILE names.
        tables: made where they are not there.

    Raises:
        DatabaseError: if it cannot be reached, or the tables cannot be made.
    """

    for_update = " FOR UPDATE"

    def __init__(self, address: str, *tables: Table) -> None:
        self.name = "the PostgreSQL database"
        self._address = address
        self._local = threading.local()
        with self.transaction() as db:
            db.execute(f"SELECT pg_advisory_xact_lock({_LOCK})")
            for table in tables:
                columns = f"rowid BIGINT GENERATED ALWAYS AS IDENTITY, {table.columns}"
                db.execute(f"CREATE TABLE IF NOT EXISTS {table.name} ({columns})")
                for name, indexed in table.indexes:
                    db.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {table.name} ({indexed})")

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Make one change; inside another one of this thread, a part of it. Raises: DatabaseError."""
        connection = self._connection()
        try:
            with connection.transaction():
                yield _Statements(connection)
        except psycopg.errors.UniqueViolation as error:
            raise ConflictError(f"{self.name}: {_first_line(error)}") from None
        except psycopg.Error as error:
            if connection.broken or connection.closed:
                self.close()
            raise DatabaseError(f"{self.name}: {_first_line(error)}") from None

    def close(self) -> None:
        """Close the connection of this thread; the next use opens it again."""
        connection = getattr(self._local, "connection", None)
        self._local.connection = None
        if connection is not None and self._local.process == os.getpid():
            with suppress(psycopg.Error):
                connection.close()

    def _connection(self) -> psycopg.Connection[Any]:
        """Return the connection of this thread and process: one from before a fork is the parent's."""
        connection: psycopg.Connection[Any] | None = getattr(self._local, "connection", None)
        if connection is None or self._local.process != os.getpid() or connection.closed:
            try:
                connection = psycopg.connect(
                    self._address,
                    autocommit=True,
                    connect_timeout=WAIT_MS // 1_000,
                    options=f"-c lock_timeout={WAIT_MS} -c idle_in_transaction_session_timeout=120000",
                )
            except psycopg.Error as error:
                raise DatabaseError(f"{self.name}: {_first_line(error)}") from None
            self._local.connection, self._local.process = connection, os.getpid()
        return connection


class _Statements:
    """Statements with `?` for values, as `gatling.guard.database` writes them."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Rows:
        rows: Rows = self._connection.execute(sql.replace("?", "%s").encode(), values or None)
        return rows


def _first_line(error: psycopg.Error) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
