"""The store of this process (`DRONE_MCP_STATE`): opened at first use, and treated as empty while it does not answer."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, TypeVar

from drone_mcp_known.lazy_store import LazyStore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from drone_mcp_state import BuildStateStore

logger = logging.getLogger(__name__)

T = TypeVar("T")

REST_SECONDS: Final = 30.0  # from a failure of the store to the next try


class State:
    """Access to the store of the Drone at `server`; a store that fails never fails an answer.

    `clock` gives the Unix time.
    """

    def __init__(self, url: str, server: str, clock: Callable[[], float]) -> None:
        self.shared = url != "memory:"
        self._clock = clock
        self._store = LazyStore(url, server)
        self._failed_at = float("-inf")

    async def ask(self, question: Callable[[BuildStateStore], Awaitable[T]]) -> T | None:
        """Return the answer of the store; None while it is unavailable."""
        from drone_mcp_state import StoreError  # noqa: PLC0415 - on first use, to start fast

        # A store that does not answer would hold up every call. Not below 0: the clock may have been set back.
        if 0 <= self._clock() - self._failed_at < REST_SECONDS:
            return None
        try:
            return await question(await self._store.open())
        except StoreError as error:
            self._failed_at = self._clock()
            logger.warning("Going on without the state for %g seconds: %s", REST_SECONDS, error)
            return None

    async def close(self) -> None:
        """Close the store, if it was opened; the next `ask` opens it again."""
        await self._store.close()
