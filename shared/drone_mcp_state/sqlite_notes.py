"""Notes in a SQLite file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from contextlib import AbstractContextManager


class SqliteNotes:
    """The synchronous part; every write also deletes expired notes."""

    def __init__(self, connection: sqlite3.Connection, writing: Callable[[], AbstractContextManager[None]]) -> None:
        self._db = connection
        self._writing = writing

    def claim(self, key: str, value: str, until: float, at: float) -> str | None:
        """Write a note unless there is one."""
        with self._writing():
            self._delete_expired(at)
            written = self._db.execute("INSERT OR IGNORE INTO notes VALUES (?, ?, ?)", (key, value, until))
            return None if written.rowcount else self.read(key, at)

    def write(self, key: str, value: str, until: float, at: float) -> None:
        """Write a note, and replace an existing one."""
        with self._writing():
            self._delete_expired(at)
            self._db.execute("INSERT OR REPLACE INTO notes VALUES (?, ?, ?)", (key, value, until))

    def read(self, key: str, at: float) -> str | None:
        """Read a note that has not expired."""
        row = self._db.execute("SELECT value FROM notes WHERE key = ? AND until > ?", (key, at)).fetchone()
        return str(row[0]) if row else None

    def drop(self, key: str) -> None:
        """Delete a note."""
        with self._writing():
            self._db.execute("DELETE FROM notes WHERE key = ?", (key,))

    def _delete_expired(self, at: float) -> None:
        self._db.execute("DELETE FROM notes WHERE until <= ?", (at,))
