"""The token and where it comes from. Nothing here shows one: not in a repr, not in an error, not in a log."""

from __future__ import annotations

import hmac
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from ci_mcp_kit.errors import AuthenticationFailed, Service
from ci_mcp_kit.variables import token_fault

LARGEST_FILE: Final = 4096  # bytes; tokens of CI systems and forges have a few dozen characters, a JWT has about 1,000

Stamp: TypeAlias = tuple[int, int, int]

TokenHeader: TypeAlias = Callable[[str], tuple[str, str]]
"""Returns the name and value of the request header that carries a token."""


def bearer_header(token: str) -> tuple[str, str]:
    """Return the header of RFC 6750, section 2.1."""
    return "Authorization", f"Bearer {token}"


class Token:
    """A secret that only `reveal` shows.

    Args:
        value: the token.
        origin: the variable or file that it comes from, for errors.
        service: whose it is.

    Raises:
        AuthenticationFailed: it is empty, or no header can carry it.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str, *, origin: str, service: Service) -> None:
        # A line end would let it add headers of its own.
        fault = token_fault(value) if value else "is empty"
        if fault:
            raise AuthenticationFailed(
                f"The token in {origin} {fault}",
                next_step=f"Put {service.token_source} into {origin}, alone",
                service=service,
            )
        self._value = value

    def reveal(self) -> str:
        """Return the token itself, for a request's header and nothing else."""
        return self._value

    def __repr__(self) -> str:
        return "Token(****)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Token) and hmac.compare_digest(self._value, other._value)

    def __hash__(self) -> int:
        return hash(self._value)


class TokenSource(Protocol):
    """Gives the token for each request."""

    def current(self) -> Token | None:
        """Return the token as it is now, None to send none.

        Raises:
            AuthenticationFailed: there should be one and it cannot be had.
        """

    def renew(self) -> bool:
        """Look for a new token after the service refused this one; return whether there is one."""


class StaticToken:
    """A token that does not change while the process lives, or none."""

    def __init__(self, value: str | None, service: Service) -> None:
        self._token = None if value is None else Token(value, origin=service.token, service=service)

    def current(self) -> Token | None:
        """Return the token."""
        return self._token

    def renew(self) -> bool:
        """Return False: there is never another one."""
        return False

    def __repr__(self) -> str:
        return f"StaticToken({self._token!r})"


class FileToken:
    """A token in a file, read again when the file changes, so that it can be rotated under a running process."""

    def __init__(self, path: str | Path, service: Service) -> None:
        self._path = Path(path)
        self._service = service
        self._stamp: Stamp | None = None
        self._token: Token | None = None

    def current(self) -> Token:
        """Return the token that the file holds; a file of the same time, size and inode is not read again."""
        stamp = self._stat()
        # By stat(), because the file is looked at before every request, and hardly ever changes.
        if self._token is None or stamp != self._stamp:
            self._token, self._stamp = self._read(), stamp
        return self._token

    def renew(self) -> bool:
        """Read the file even if it looks unchanged: a quick rotation can keep size and time."""
        before, self._token = self._token, None
        return self.current() != before

    def __repr__(self) -> str:
        return f"FileToken({str(self._path)!r})"

    def _stat(self) -> Stamp:
        try:
            found = self._path.stat()
        except (OSError, ValueError) as error:
            raise self._unusable(f"cannot be read: {_describe(error)}") from None
        # Reading a pipe or a device could block for ever.
        if not stat.S_ISREG(found.st_mode):
            raise self._unusable("is not a regular file")
        if found.st_size > LARGEST_FILE:
            raise self._unusable("is too large to be a token")
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> Token:
        try:
            content = self._path.read_text(encoding="ascii")
        except UnicodeDecodeError:
            content = None
        except OSError as error:
            raise self._unusable(f"cannot be read: {_describe(error)}") from None
        if content is None:  # raised here and not above: the caught error quotes the content
            raise self._unusable("holds something else than a token")
        return Token(content.strip(), origin=f"the file {str(self._path)!r}", service=self._service)

    def _unusable(self, fault: str) -> AuthenticationFailed:
        return AuthenticationFailed(
            f"The token file {str(self._path)!r} {fault}",
            next_step=f"Set {self._service.token_file} to a readable file that holds the token and nothing else",
            service=self._service,
        )


def _describe(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "the name is not valid"
