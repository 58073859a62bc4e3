"""An sqlite file of tables that can be made anew from what they were made of.

Several parts keep their tables in one file, each under a name of its own: `fleet_…`. When a part's
schema is another one than the file has, its tables are dropped and made again, empty.
"""

import hashlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from slipway.domain.errors import DiskFull, Failed, SlipwayError, Unavailable
from slipway.domain.system_errors import os_errors

_CREATING = threading.Lock()
_PATIENCE = 10.0  # seconds that a writer waits for another one


class SqliteFile:
    """Connections to one file, one for each thread that asks; readers see whole transactions and
    wait for no writer."""

    def __init__(self, path: Path, part: str, schema: str) -> None:
        """`part`: what all names of tables in `schema` begin with, followed by `_`."""
        self._path = path
        self._part = part
        self._schema = schema
        self._own = threading.local()
        self._making = threading.Lock()
        self._made = False

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection on which everything is seen as it is at the first query; Failed when the
        file is damaged, Unavailable when it stays locked."""
        with self._errors(), self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection whose changes are kept together, or not at all when the block raises;
        DiskFull, and what `reading` raises."""
        with self._errors(), self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        connection = self._connection()
        connection.execute(begin)
        try:
            yield connection
        except BaseException:
            if connection.in_transaction:  # sqlite ends some by itself when it meets an error
                connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def _connection(self) -> sqlite3.Connection:
        with self._making:
            if not self._made:
                self._make()
                self._made = True
        known: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if known is None:
            known = self._own.connection = self._connect()
        return known

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None)
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    def _make(self) -> None:
        with os_errors(str(self._path)):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._create()
        connection = self._connect()
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            self._make_tables(connection)
            connection.execute("COMMIT")
        finally:
            connection.close()

    def _create(self) -> None:
        """Make the file for its owner alone. One that is there is left closed: whoever closes a
        file of sqlite's takes away the locks that the process has on it, and another process may
        then remove what connections of this one still use."""
        with _CREATING, suppress(FileExistsError):
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))

    def _make_tables(self, connection: sqlite3.Connection) -> None:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schemas (part TEXT PRIMARY KEY, sha256 TEXT NOT NULL)"
        )
        sha256 = hashlib.sha256(self._schema.encode()).hexdigest()
        there = connection.execute("SELECT sha256 FROM schemas WHERE part = ?", (self._part,))
        if there.fetchone() == (sha256,):
            return
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB ?",
            (f"{self._part}_*",),
        ).fetchall()
        for (table,) in tables:
            connection.execute(f'DROP TABLE "{table}"')
        for statement in self._schema.split(";"):
            connection.execute(statement)
        connection.execute("REPLACE INTO schemas VALUES (?, ?)", (self._part, sha256))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._translated(error) from error

    def _translated(self, error: sqlite3.Error) -> SlipwayError:
        said = f"{self._path}: {error}"
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            return DiskFull(said, hint="Make space")
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return Unavailable(said, hint="Another process writes it; try again")
        return Failed(said, hint="Delete the file, then it is made anew")
