"""Makes snapshots of the registry, which are whole SQLite files, while the daemon runs."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import datetime  # noqa: TC003 - one name for both uses
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

NAMES: Final = "registry-*.db"
BUSY_SECONDS: Final = 30.0


class SnapshotError(Exception):
    """No snapshot could be made; its text is for the user."""


def take_snapshot(registry: Path, folder: Path, keep: int, now: datetime) -> Path:
    """Copy the registry into a file named after the time, and remove the oldest snapshots.

    Args:
        registry: the file of the registry.
        folder: of the snapshots; it is created for its owner alone if it is missing.
        keep: how many snapshots stay.
        now: the time, in UTC.

    Raises:
        SnapshotError: there is no registry, or the copy cannot be written.
    """
    target = folder / f"registry-{now:%Y%m%dT%H%M%SZ}.db"
    partial = folder / f".{target.name}.partial"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # VACUUM INTO fills an empty file that exists, and so leaves its mode (sqlite.org/lang_vacuum.html).
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        _copy(registry, partial)
        partial.rename(target)
    except (OSError, sqlite3.Error) as error:
        partial.unlink(missing_ok=True)
        raise SnapshotError(f"{registry}: no snapshot was made in {folder}: {error}") from error
    for old in sorted(folder.glob(NAMES))[:-keep]:
        old.unlink(missing_ok=True)
    return target


def _copy(registry: Path, target: Path) -> None:
    # Without mode=rw, SQLite would create a registry that is missing.
    with closing(sqlite3.connect(f"{registry.as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS)) as source:
        source.execute("VACUUM INTO ?", (str(target),))
    with closing(sqlite3.connect(f"{target.as_uri()}?mode=ro", uri=True)) as copy:
        found = copy.execute("PRAGMA quick_check").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(f"the copy is damaged ({found})")
    descriptor = os.open(target, os.O_RDONLY)
    try:
        os.fsync(descriptor)  # rename() alone does not wait for the content
    finally:
        os.close(descriptor)
