"""Keeps a new token in a file that only its owner can read."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.guard.errors import WritesDisabled

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOM: Final = 256  # bytes; a token of Drone has 32 characters


class TokenFile:
    """A file for one token, made before the token is: a token that cannot be kept is lost.

    Args:
        folder: that the operator has named.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reserved: Path | None = None

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Hold room on the disk during the block; what is not used by then is removed, if the block fails.

        Raises:
            WritesDisabled: a token could not be kept there.
        """
        try:
            # Under a name that nobody can foresee, for its owner alone (mkstemp: O_EXCL, mode 0600).
            file, name = tempfile.mkstemp(prefix=".new-token.", dir=self._folder)
            self._reserved = Path(name)
            try:
                os.write(file, b" " * ROOM)
                os.fsync(file)
            finally:
                os.close(file)
        except OSError as error:
            self._drop()
            raise WritesDisabled(
                f"A new token could not be kept in the folder that the operator has named: {error.strerror}. Nothing "
                "was sent",
                next_step="The operator of this server has to make DRONE_MCP_ADMIN_TOKEN_FOLDER writable",
            ) from error
        try:
            yield
        except BaseException:
            self._drop()
            raise

    def keep(self, login: str, token: str) -> Path:
        """Write the token into the file LOGIN.token, in place of an earlier one; return its path.

        Raises:
            OSError: it cannot be written.
        """
        if self._reserved is None:
            raise OSError(errno.ENOENT, "no file was reserved for it")
        # As Drone allows (harness/drone v2.25.0, core/user.go): the name comes from an answer, and becomes a path.
        if not re.fullmatch(r"[.A-Za-z0-9_-]{1,50}", login):
            raise OSError(errno.EINVAL, "the login is no name of a file")
        path = self._folder / f"{login}.token"
        with self._reserved.open("r+", encoding="ascii") as file:
            file.write(f"{token}\n")
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
        self._reserved.replace(path)
        self._reserved = None
        return path

    def _drop(self) -> None:
        if self._reserved is not None:
            self._reserved.unlink(missing_ok=True)
            self._reserved = None
