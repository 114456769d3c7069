"""Opens the SQLite file and migrates its schema."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from ci_mcp_kit.sqlite_file import open_file
from ci_mcp_kit.store_errors import StoreTooNew

if TYPE_CHECKING:
    import sqlite3

# One script for each version of the format; a file of version n has run the first n. A released script never changes.
# Notes and leases have moved to `ci_mcp_kit.notes`, which creates its table where it is missing; leases are notes now.
MIGRATIONS = (
    """
    CREATE TABLE facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
    CREATE TABLE builds (
      slug TEXT NOT NULL, number INTEGER NOT NULL, ref TEXT NOT NULL, created INTEGER NOT NULL,
      settled INTEGER NOT NULL, source TEXT NOT NULL, seen_at REAL NOT NULL, place INTEGER NOT NULL,
      body BLOB NOT NULL, PRIMARY KEY (slug, number)
    );
    CREATE INDEX builds_of_ref ON builds (slug, ref, number);
    CREATE INDEX builds_unsettled ON builds (created) WHERE NOT settled;
    CREATE INDEX builds_by_age ON builds (created);
    CREATE TABLE changes (
      place INTEGER PRIMARY KEY, slug TEXT NOT NULL, number INTEGER NOT NULL, status TEXT NOT NULL,
      source TEXT NOT NULL, at REAL NOT NULL, transitions TEXT NOT NULL
    );
    CREATE INDEX changes_of_build ON changes (slug, number, place);
    CREATE TABLE repos (
      slug TEXT PRIMARY KEY, id INTEGER NOT NULL, version INTEGER NOT NULL, active INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
    """,
    """
    CREATE TABLE IF NOT EXISTS notes (key TEXT PRIMARY KEY, value TEXT NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS notes_by_end ON notes (until);
    """,
)


def connect(path: str) -> sqlite3.Connection:
    """Open the file, which is created for its owner alone if it is missing, and migrate it to the current format.

    A power cut may lose the last commits (see `open_file`); the reconciler reads lost changes again. A safer setting
    would add a flush of the disk to every delivery, while Drone's runner waits for the answer.
    """
    connection = open_file(path)
    try:
        _migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection) -> None:
    # Looked at twice: first without a lock, as nearly every start finds a current file, and then under it, as another
    # process may have migrated the file meanwhile.
    if _version(connection) == len(MIGRATIONS):
        return
    connection.execute("BEGIN EXCLUSIVE")
    try:
        _run_missing(connection)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _run_missing(connection: sqlite3.Connection) -> None:
    version = _version(connection)
    if version > len(MIGRATIONS):
        raise StoreTooNew(f"the state file has format {version}, this release knows up to {len(MIGRATIONS)}")
    for script in MIGRATIONS[version:]:
        for statement in script.split(";"):  # executescript() commits first
            connection.execute(statement)
    if version == 0:
        name_feed(connection)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def name_feed(connection: sqlite3.Connection) -> None:
    """Give the change feed a name, so that cursors of another file or of a copy are recognised as such."""
    connection.execute("INSERT OR REPLACE INTO facts VALUES ('feed', ?)", (secrets.token_hex(4),))


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
