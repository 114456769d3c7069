"""The token and where it comes from. Nothing here shows one: not in a repr, not in an error, not in a log."""

from __future__ import annotations

import hmac
import stat
from pathlib import Path
from typing import Final, Protocol

from drone_mcp_client.errors import AuthenticationFailed

LARGEST_FILE: Final = 4096  # Drone's own tokens have 32 characters

Stamp = tuple[int, int, int]


class Token:
    """A secret that only `reveal()` shows."""

    __slots__ = ("_value",)

    def __init__(self, value: str, *, origin: str) -> None:
        fault = _fault(value)
        if fault:
            raise AuthenticationFailed(
                f"The token in {origin} {fault}",
                next_step=f"Put the token from the account page of the Drone user interface into {origin}, alone",
            )
        self._value = value

    def reveal(self) -> str:
        """The token itself, for the Authorization header and nothing else."""
        return self._value

    def __repr__(self) -> str:
        return "Token(****)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Token) and hmac.compare_digest(self._value, other._value)

    def __hash__(self) -> int:
        return hash(self._value)


class TokenSource(Protocol):
    """Where the token comes from, asked before every request."""

    def current(self) -> Token | None:
        """The token as it is now, None for a guest.

        Raises:
            AuthenticationFailed: there should be one and it cannot be had.
        """

    def renew(self) -> bool:
        """Look again, after Drone refused the token; whether there is another one now."""


class StaticToken:
    """A token that stays as it is while the process lives; None makes every request a guest's."""

    def __init__(self, value: str | None = None, *, origin: str = "DRONE_TOKEN") -> None:
        self._token = None if value is None else Token(value, origin=origin)

    def current(self) -> Token | None:
        """The token."""
        return self._token

    def renew(self) -> bool:
        """It never is another one."""
        return False

    def __repr__(self) -> str:
        return f"StaticToken({self._token!r})"


class FileToken:
    """A token in a file, read again when the file changes, so that it can be rotated under a running process."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._stamp: Stamp | None = None
        self._token: Token | None = None

    def current(self) -> Token:
        """The token that the file holds now; unchanged time, size and inode are taken for an unchanged file."""
        stamp = self._look()
        if self._token is None or stamp != self._stamp:
            self._token, self._stamp = self._read(), stamp
        return self._token

    def renew(self) -> bool:
        """Read the file even if it looks unchanged: a quick rotation can keep size and time."""
        before, self._token = self._token, None
        return self.current() != before

    def __repr__(self) -> str:
        return f"FileToken({str(self._path)!r})"

    def _look(self) -> Stamp:
        try:
            found = self._path.stat()
        except (OSError, ValueError) as error:
            raise self._unusable(f"cannot be read: {_reason(error)}") from None
        if not stat.S_ISREG(found.st_mode):
            raise self._unusable("is not a regular file")
        if found.st_size > LARGEST_FILE:
            raise self._unusable("is too large to be a token")
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> Token:
        try:
            content = self._path.read_text(encoding="ascii")
        except UnicodeDecodeError:  # its text would quote the content
            content = None
        except OSError as error:
            raise self._unusable(f"cannot be read: {_reason(error)}") from None
        if content is None:
            raise self._unusable("holds something else than a token")
        return Token(content.strip(), origin=f"the file {str(self._path)!r}")

    def _unusable(self, why: str) -> AuthenticationFailed:
        return AuthenticationFailed(
            f"The token file {str(self._path)!r} {why}",
            next_step="Set DRONE_TOKEN_FILE to a readable file that holds the token and nothing else",
        )


def _fault(value: str) -> str:
    if not value:
        return "is empty"
    if not value.isascii() or not value.isprintable() or " " in value:
        return "holds a space, a line end or another character that no token has"
    return ""


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "the name is not valid"
