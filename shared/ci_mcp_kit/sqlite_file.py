"""Opens a SQLite file that several processes read and write."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Generator

# A checkpoint waits for the disk, and so does the write that triggers it. SQLite's default of 1,000 pages
# (https://www.sqlite.org/pragma.html#pragma_wal_autocheckpoint) means two a second under load, which is visible in the
# 99th percentile.
CHECKPOINT_PAGES: Final = 8_000  # some 32 MB
BUSY_SECONDS: Final = 5.0  # for a writer that waits for the write of another process


def open_file(path: str) -> sqlite3.Connection:
    """Open the file, which is created for its owner alone if it is missing. Every write goes through `writing`.

    WAL lets processes read while another one writes (https://www.sqlite.org/wal.html). With synchronous=NORMAL a commit
    survives the end of this process, however it ends. A power cut may lose the last commits but does not corrupt the
    file (https://www.sqlite.org/pragma.html#pragma_synchronous). FULL would add a flush of the disk to every write.
    """
    # Never opened where it exists: closing any descriptor of a file drops all locks that this process holds on it
    # (https://www.sqlite.org/howtocorrupt.html, "Posix advisory locks canceled by a separate thread doing close()").
    # Another process that leaves would take itself for the last one and delete the write-ahead log under our writes.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    # isolation_level=None: `writing` begins transactions itself, as those of the module are not immediate. The thread
    # is not checked, because callers make sure that one at a time uses the connection.
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        _turn_on_wal(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
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


def describe(path: str, error: Exception) -> str:
    """Return what an error of SQLite or of the system means for the person who runs the process."""
    # The primary code is in the low byte (https://www.sqlite.org/rescode.html).
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if isinstance(error, OSError) and error.strerror:
        return f"the state file {path} cannot be used: {error.strerror}"
    return f"the state file {path} {_MEANINGS.get(code, f'cannot be used: {error}')}"


_MEANINGS = {
    sqlite3.SQLITE_BUSY: f"is held by another process, which has been writing for {BUSY_SECONDS:g} seconds",
    sqlite3.SQLITE_FULL: "cannot be written: the disk is full",
    sqlite3.SQLITE_READONLY: "cannot be written: this process may only read it",
    sqlite3.SQLITE_CORRUPT: "is damaged: restore a copy, or remove it and start with an empty one",
    sqlite3.SQLITE_NOTADB: "is no SQLite file: name another file",
}


@contextmanager
def writing(connection: sqlite3.Connection) -> Generator[None]:
    """Run the block in a transaction that takes the write lock of the file at its start."""
    # A deferred transaction that reads first and then writes fails at once, whatever the timeout, if another process
    # has written meanwhile (https://www.sqlite.org/lang_transaction.html).
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # After some errors, like a full disk, SQLite may have rolled back by itself (the same page).
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
