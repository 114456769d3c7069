"""Notes in a table of a SQLite file that several processes read and write."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from typing_extensions import override

from ci_mcp_kit.background import BackgroundThread
from ci_mcp_kit.notes.base import Notes, lease_key
from ci_mcp_kit.sqlite_file import describe, open_file, writing
from ci_mcp_kit.store_errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")

# Other packages keep tables of their own in the same file.
SCHEMA = """
CREATE TABLE IF NOT EXISTS notes (key TEXT PRIMARY KEY, value TEXT NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS notes_by_end ON notes (until);
"""
_READ = "SELECT value FROM notes WHERE key = ? AND until > ?"
_CLAIM = "INSERT OR IGNORE INTO notes VALUES (?, ?, ?)"
_WRITE = "INSERT OR REPLACE INTO notes VALUES (?, ?, ?)"
# The last value is the current time: the lease of a holder that has not renewed it is taken over in the same statement.
_HOLD = (
    "INSERT INTO notes VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, until = excluded.until"
    " WHERE value = excluded.value OR until <= ?"
)


class SqliteNotes(Notes):
    """Runs statements in a thread of its own; most writes also delete expired notes."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._thread = BackgroundThread("notes")
        self._db: sqlite3.Connection

    @classmethod
    async def open(cls, path: str) -> SqliteNotes:
        """Open the file, which is created if it is missing."""
        notes = cls(path)
        try:
            notes._db = await notes._run(_connect, path)
        except BaseException:
            notes._thread.end()
            raise
        return notes

    async def _run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await self._thread.run(function, *args, **kwargs)
        except (sqlite3.Error, OSError, OverflowError) as error:
            raise StoreUnavailable(describe(self._path, error)) from error

    def _change(self, at: float | None, statement: str, *values: str | float) -> int:
        """Run a statement that writes, and return how many rows it has changed."""
        with writing(self._db):
            # Not only to save space: an expired note that is still there would be in the way of `_CLAIM`.
            if at is not None:
                self._db.execute("DELETE FROM notes WHERE until <= ?", (at,))
            return self._db.execute(statement, values).rowcount

    def _claim(self, key: str, value: str, until: float, at: float) -> str | None:
        while not self._change(at, _CLAIM, key, value, until):
            row = self._db.execute(_READ, (key, at)).fetchone()
            if row:  # otherwise another process has deleted it meanwhile
                return str(row[0])
        return None

    @override
    async def claim(self, key: str, value: str, seconds: float, *, at: float) -> str | None:
        return await self._run(self._claim, key, value, at + seconds, at)

    @override
    async def write_note(self, key: str, value: str, seconds: float, *, at: float) -> None:
        await self._run(self._change, at, _WRITE, key, value, at + seconds)

    @override
    async def note(self, key: str, *, at: float) -> str | None:
        row = await self._run(lambda: self._db.execute(_READ, (key, at)).fetchone())
        return str(row[0]) if row else None

    @override
    async def drop_note(self, key: str) -> None:
        await self._run(self._change, None, "DELETE FROM notes WHERE key = ?", key)

    @override
    async def hold_lease(self, name: str, holder: str, seconds: float, *, at: float) -> bool:
        return bool(await self._run(self._change, None, _HOLD, lease_key(name), holder, at + seconds, at))

    @override
    async def release_lease(self, name: str, holder: str) -> None:
        await self._run(self._change, None, "DELETE FROM notes WHERE key = ? AND value = ?", lease_key(name), holder)

    @override
    async def close(self) -> None:
        await self._run(self._db.close)
        self._thread.end()


def _connect(path: str) -> sqlite3.Connection:
    connection = open_file(path)
    try:
        with writing(connection):
            for statement in SCHEMA.split(";"):  # executescript() commits first
                connection.execute(statement)
    except BaseException:
        connection.close()
        raise
    return connection
