"""The token: where it comes from, and whether the service knows it.

Nothing here shows a token: not in a repr, not in an error, not in a log.
"""

from __future__ import annotations

import hmac
import logging
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from ci_mcp_kit.background import BackgroundTask
from ci_mcp_kit.errors import AuthenticationFailed, Service, ServiceError
from ci_mcp_kit.variables import token_fault

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from ci_mcp_http.settings import ServiceSettings


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
        # By stat(), because the file is looked at before every request, and rarely changes.
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
        # Reading a pipe or a device could block forever.
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
            raise self._unusable("holds something other than a token")
        return Token(content.strip(), origin=f"the file {str(self._path)!r}", service=self._service)

    def _unusable(self, fault: str) -> AuthenticationFailed:
        return AuthenticationFailed(
            f"The token file {str(self._path)!r} {fault}",
            next_step=f"Set {self._service.token_file} to a readable file that holds the token and nothing else",
            service=self._service,
        )


def _describe(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "the name is not valid"


logger = logging.getLogger(__name__)

CHECKED_SECONDS: Final = 300.0  # until a token is checked again: it may be revoked while the process lives
PATIENCE: Final = 2.0  # seconds from the start of a check for which answers wait for it


class TokenCheck:
    """Checks one process's token in the background. `clock` gives seconds from any start.

    A service that treats an unknown token as a guest answers what is public in full, and nothing in the answer says
    that the token was ignored. So the user of the token is read once, next to the first call of a tool, and a wrong
    token becomes a notice on every answer.

    A check that the service does not answer has no result, and is made again as late as any other.
    """

    def __init__(self, settings: ServiceSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._task: BackgroundTask | None = None
        self._tokens: list[str] = []  # those of the last check
        self._started = 0.0
        self._notice = ""

    def start(self, read_limits: Callable[[], Awaitable[str]]) -> None:
        """Start a check if a token is set that was not checked lately.

        Args:
            read_limits: asks the service for the token's user, and returns what limits that user, "" for nothing;
                raises AuthenticationFailed if the service does not know the token.
        """
        tokens = self._settings.tokens()
        is_running = self._task is not None and not self._task.is_done
        now, is_same = self._clock(), tokens == self._tokens
        if not tokens or is_running or (is_same and now - self._started < CHECKED_SECONDS):
            return
        self._tokens, self._started, self._notice = tokens, now, self._notice if is_same else ""
        self._task = BackgroundTask(self._check, read_limits)

    async def notice(self) -> str:
        """Return the fault of the token, "" where none is known; wait for a running check."""
        if self._task is not None:
            await self._task.wait(max(0.0, self._started + PATIENCE - self._clock()))
        # A token that its file holds only now is another one.
        return self._notice if self._notice and self._settings.tokens() == self._tokens else ""

    async def stop(self) -> None:
        """End a running check."""
        if self._task is not None:
            await self._task.stop()

    async def _check(self, read_limits: Callable[[], Awaitable[str]]) -> None:
        service = self._settings.own_service()
        origin = service.token if self._settings.token is not None else service.token_file
        try:
            found = await read_limits()
        except AuthenticationFailed as error:
            if error.status is None:  # nothing was sent: the call itself says what is wrong
                return
            found = (
                f"{service.name} does not know the token in {origin}: this is what a guest sees. "
                f"Set {origin} to {service.token_source}"
            )
        except ServiceError:
            return
        if found and found != self._notice:
            logger.warning(found)
        self._notice = found
