"""Checks whether the service knows our token, for services that treat an unknown token as a guest.

Such a service answers what is public in full, and nothing in the answer says that the token was ignored. So the user
of the token is read once, next to the first call of a tool, and a wrong token becomes a notice on every answer.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.background import BackgroundTask
from ci_mcp_kit.errors import AuthenticationFailed, ServiceError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ci_mcp_http.settings import ServiceSettings

logger = logging.getLogger(__name__)

CHECKED_SECONDS: Final = 300.0  # until a token is checked again: it may be revoked while the process lives
PATIENCE: Final = 2.0  # seconds from the start of a check for which answers wait for it


class TokenCheck:
    """The check of one process's token, in the background. `clock` gives seconds from any start.

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
        if not tokens or is_running or (tokens == self._tokens and self._age() < CHECKED_SECONDS):
            return
        before = self._notice if tokens == self._tokens else ""
        self._tokens, self._started, self._notice = tokens, self._clock(), before
        self._task = BackgroundTask(self._check, read_limits)

    async def notice(self) -> str:
        """Return what is wrong with the token, "" where nothing is known to be; wait for a running check."""
        if self._task is not None:
            await self._task.wait(max(0.0, PATIENCE - self._age()))
        # A token that its file holds only now is another one.
        return self._notice if self._notice and self._settings.tokens() == self._tokens else ""

    async def stop(self) -> None:
        """End a running check."""
        if self._task is not None:
            await self._task.stop()

    def _age(self) -> float:
        return self._clock() - self._started

    async def _check(self, read_limits: Callable[[], Awaitable[str]]) -> None:
        (service,) = self._settings.services
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
