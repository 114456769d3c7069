"""The build store of this process (`DRONE_MCP_STATE`), opened at first use."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
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
