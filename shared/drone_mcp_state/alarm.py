"""Waking those who wait for a change."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio

from ci_mcp_kit.background import BackgroundTask

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

    Watch = Callable[[], AsyncIterator[None]]


class Alarm:
    """Wakes waiters when this process writes, and when `watch` sees another process write.

    `watch` yields once when it has begun to look, since what came before escapes it, and then whenever something may
    have changed. It runs only while somebody waits, once for all of them.
    """

    def __init__(self, watch: Watch | None = None) -> None:
        self._watch = watch
        self._rung = anyio.Event()
        self._listeners = 0
        self._watching: BackgroundTask | None = None

    def ring(self) -> None:
        """Wake all who wait now."""
        self._rung.set()
        self._rung = anyio.Event()

    @property
    def next_ring(self) -> anyio.Event:
        """The event of the next ring; take it before looking, so that nothing falls between."""
        return self._rung

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[None]:
        """Keep the watch running for as long as the block takes."""
        self._listeners += 1
        if self._watch is not None and self._watching is None:
            self._watching = BackgroundTask(self._keep_watch, self._watch)
        try:
            yield
        finally:
            self._listeners -= 1
            if not self._listeners:
                await self.stop()

    async def stop(self) -> None:
        """End the watch and wake everyone, so that they find the store closed."""
        watching, self._watching = self._watching, None
        if watching is not None:
            await watching.stop()
        self.ring()

    async def _keep_watch(self, watch: Watch) -> None:
        async for _ in watch():
            self.ring()
