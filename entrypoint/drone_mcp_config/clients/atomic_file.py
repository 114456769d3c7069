"""Reads and changes a client's configuration file, which is never left half written.

Others write such a file as well: further runs of this command, and the client itself. Runs of this command wait for
each other; a client takes no lock, so the file is compared again right before it is replaced.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from drone_mcp_config.errors import NotWritten

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NEW_FILE: Final = 0o644  # a project's file is committed and holds no secret
SECRET_FILE: Final = 0o600
PATIENCE: Final = 30.0  # seconds to wait for other runs of this command
PAUSE: Final = 0.02  # seconds between two attempts to get the lock
ATTEMPTS: Final = 20  # changes by other programs while one change is made; a client writes a few times in a second


def real_file(path: Path, within: Path | None = None) -> Path:
    """Follow symbolic links to the file to replace, so that a link stays a link.

    Args:
        path: of the file, as the user gave it.
        within: the folder that the file must be in. A project is the work of others, and a link in it could lead to
            any file of the user's.

    Raises:
        NotWritten: when it is no ordinary file, or a link that leads nowhere or out of `within`.
    """
    target = path.resolve()
    if path.is_symlink() and not target.exists():
        raise NotWritten(f"It is a link to {target}, which does not exist. Remove the link, then run this again.")
    if within is not None and not target.is_relative_to(within.resolve()):
        raise NotWritten(f"It leads out of this folder, to {target}. Name that file with --output if you mean it.")
    if target.exists() and not target.is_file():
        raise NotWritten("It is no ordinary file.")
    return target


def read_text(path: Path) -> str | None:
    """Return the file's text, or None where there is none; line ends and a byte order mark as they are.

    Raises:
        NotWritten: when it cannot be read, or is not UTF-8.
    """
    try:
        # Not read_text(), which translates line ends.
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise NotWritten("It is not UTF-8 text. Save it as UTF-8, or move it away and run this again.") from error
    except OSError as error:
        raise NotWritten(f"It cannot be read: {error.strerror}.") from error


def update_text(path: Path, change: Callable[[str | None], str], new_mode: int = NEW_FILE) -> bool:
    """Change a file until it reads as `change` wants it; return whether it had to be written.

    Args:
        path: of the file; a missing folder is created.
        change: returns the wanted text for the present one (None without a file), and the same text for its own result.
        new_mode: the permissions of a new file; one that is there keeps its own.

    Raises:
        NotWritten: when it cannot be written, or others never stop writing it.
    """
    written = False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path.parent):
            for _ in range(ATTEMPTS):
                before = read_text(path)
                after = change(before)
                if after == before:
                    return written
                written |= _replace(path, before, after, new_mode)
    except OSError as error:
        raise NotWritten(f"It cannot be written: {error.strerror}.") from error
    raise NotWritten("Another program keeps changing it. Close the client that uses it, then run this again.")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let one run of this command at a time change files in a folder.

    The folder is locked and not the file, which is replaced; a lock file would be left in the user's project.
    """
    if sys.platform == "win32":  # without flock(): there only the comparison protects changes of others
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        deadline = time.monotonic() + PATIENCE
        while not _try_lock(handle):
            if time.monotonic() > deadline:
                raise NotWritten(f"Another process has locked {folder} for {PATIENCE:.0f} s. Run this again later.")
            time.sleep(PAUSE)
        yield
    finally:
        # This releases the lock, too (flock(2)).
        os.close(handle)


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # some network file systems lock no folders (flock(2), "NFS details")
        return True
    return True


def _replace(path: Path, before: str | None, after: str, new_mode: int) -> bool:
    """Replace the file atomically and keep its permissions; return False if it is not `before` any more."""
    mode = new_mode if before is None else stat.S_IMODE(path.stat().st_mode)
    # In the same folder: a rename is atomic within one file system only (rename(2)).
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(after)
            file.flush()
            # Before the rename: after a power failure, the new name could otherwise belong to an empty file.
            os.fsync(file.fileno())
        # mkstemp() lets only the owner read it.
        temporary.chmod(mode)
        if read_text(path) != before:
            return False
        temporary.replace(path)
        return True
    finally:
        # Also on Ctrl-C: no temporary file must be left in the user's folder.
        temporary.unlink(missing_ok=True)
