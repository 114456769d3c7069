"""Reads and replaces a client's configuration file, which is never left half written."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from drone_mcp_config.errors import NotWritten

NEW_FILE = 0o644  # a project's file is committed and holds no secret


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


def replace_text(path: Path, text: str) -> None:
    """Replace the file atomically, and keep its permissions.

    Raises:
        NotWritten: when it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else NEW_FILE
        _replace(path, text, mode)
    except OSError as error:
        raise NotWritten(f"It cannot be written: {error.strerror}.") from error


def _replace(path: Path, text: str, mode: int) -> None:
    # In the same folder: a rename is atomic within one file system only (rename(2)).
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            # Before the rename: after a power failure, the new name could otherwise belong to an empty file.
            os.fsync(file.fileno())
        # mkstemp() lets only the owner read it.
        temporary.chmod(mode)
        temporary.replace(path)
    # Also on Ctrl-C: no temporary file must be left in the user's folder.
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
