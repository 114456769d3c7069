"""The store of this process (`DRONE_MCP_STATE`): opened at first use, and treated as empty while it does not answer."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final, TypeVar

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from drone_mcp_state import BuildStateStore


class LazyStore:
    """The store at a URL, with the data of the Drone at `server`."""

    def __init__(self, url: str, server: str) -> None:
        self._url = url
        self._server = server
        self._lock = anyio.Lock()
        self._closing = AsyncExitStack()
        self._store: BuildStateStore | None = None

    async def open(self) -> BuildStateStore:
        """Return the store, the same one until `close`.

        Raises:
            StoreError: it cannot be opened.
        """
        from drone_mcp_state import open_store  # noqa: PLC0415 - on first use, to start fast

        # Two calls at the start must not open two stores: one would never be closed.
        async with self._lock:
            if self._store is None:
                self._store = await self._closing.enter_async_context(open_store(self._url, self._server))
            return self._store

    async def close(self) -> None:
        """Close the store, if it was opened; the next `open` opens it again."""
        # Not while it is being opened: the store would be open after this.
        async with self._lock:
            self._store = None
            await self._closing.aclose()


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
