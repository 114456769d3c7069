"""Opens the SQLite file and migrates its schema."""

from __future__ import annotations

import os
import secrets
import sqlite3
import time

from drone_mcp_state.errors import StoreTooNew

# A checkpoint waits for the disk, and so does the delivery that triggers it. SQLite's default of 1,000 pages
# (https://www.sqlite.org/pragma.html#pragma_wal_autocheckpoint) means two a second under load, which is visible in the
# 99th percentile.
CHECKPOINT_PAGES = 8_000  # some 32 MB
BUSY_SECONDS = 5.0  # for a writer that waits for the write of another process

# One script for each version of the format; a file of version n has run the first n. A released script never changes.
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
    CREATE TABLE notes (key TEXT PRIMARY KEY, value TEXT NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
    CREATE INDEX notes_by_end ON notes (until);
    """,
)


def connect(path: str) -> sqlite3.Connection:
    """Open the file, which is created for its owner alone if it is missing, and migrate it to the current format.

    WAL lets processes read while another one writes (https://www.sqlite.org/wal.html). With synchronous=NORMAL a commit
    survives the end of this process, however it ends. A power cut may lose the last commits but does not corrupt the
    file (https://www.sqlite.org/pragma.html#pragma_synchronous); the reconciler reads lost changes again. FULL would
    add a flush of the disk to every delivery, while Drone's runner waits for the answer.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        _turn_on_wal(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        _migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _turn_on_wal(connection: sqlite3.Connection) -> None:
    # The busy timeout does not apply to this switch, so two processes that start at the same time need the loop.
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _migrate(connection: sqlite3.Connection) -> None:
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
