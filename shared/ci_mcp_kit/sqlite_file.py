"""A SQLite file that several processes read and write."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Generator

# A checkpoint waits for the disk, and with it the write that meets it. SQLite's own 1,000 pages are two a second under
# load: enough to be seen among the slowest hundredth.
CHECKPOINT_PAGES: Final = 8_000  # some 32 MB
BUSY_SECONDS: Final = 5.0  # how long a writer waits for another process's write


def open_file(path: str) -> sqlite3.Connection:
    """Open the file, made if it is not there (for its owner only). Transactions are begun by hand, with `writing`.

    WAL lets others read while one writes (https://www.sqlite.org/wal.html). With synchronous=NORMAL a commit is in the
    operating system's hands when it returns: it outlives this process however that ends, and a power cut may cost the
    last moments but never the file. FULL would put a disk's flush into every write.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
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
    # SQLite does not wait its usual time for this switch, so two processes that start together need the loop.
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


@contextmanager
def writing(connection: sqlite3.Connection) -> Generator[None]:
    """Run the block in a transaction that takes the file's write lock at once."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
