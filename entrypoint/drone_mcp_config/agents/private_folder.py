"""A private folder that holds a generated configuration while it is used."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from drone_mcp_config.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

OWNER_ONLY = 0o600
FOLDER_OWNER_ONLY = 0o700


@contextmanager
def private_file(name: str, text: str) -> Iterator[tuple[Path, Path]]:
    """Write a file that only this user can read, in a new folder that only this user can enter.

    Yields the folder and the file; both are gone afterwards, with whatever else the folder has got by then.

    Raises:
        UserError: it cannot be written.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix="drone-mcp-agent-"))  # 0700
    except OSError as error:
        raise UserError(f"There is no place for a temporary file: {error.strerror} (TMPDIR names one).") from error
    try:
        yield folder, _write(folder / name, text)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(path: Path, text: str) -> Path:
    try:
        # Some clients want the file in a folder of its own, like .gemini/settings.json.
        path.parent.mkdir(mode=FOLDER_OWNER_ONLY, exist_ok=True)
        # Made with its mode: until a later chmod, other users could open the file.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}.") from error
    return path
