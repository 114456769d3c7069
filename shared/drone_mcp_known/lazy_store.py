"""A store that is opened at first use, so that a server starts without it."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from drone_mcp_state import BuildStateStore


class LazyStore:
    """The store at an address."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = anyio.Lock()
        self._closing = AsyncExitStack()
        self._store: BuildStateStore | None = None

    async def open(self) -> BuildStateStore:
        """Return the store, the same one until `close`.

        Raises:
            StoreError: it cannot be opened.
        """
        from drone_mcp_state import open_store  # noqa: PLC0415 - on first use, to start fast

        # Two calls at the start must not open two stores, of which one would never be closed.
        async with self._lock:
            if self._store is None:
                self._store = await self._closing.enter_async_context(open_store(self._url))
            return self._store

    async def close(self) -> None:
        """Close the store, if it was opened; the next `open` opens it again."""
        # Not while it is being opened: the store would be open after this.
        async with self._lock:
            self._store = None
            await self._closing.aclose()
