"""Wakes the tasks that wait for a change in the store."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio

from ci_mcp_kit.background import BackgroundTask, keep_running

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

    Watch = Callable[[], AsyncIterator[None]]


class Alarm:
    """Wakes waiting tasks when this process writes, and when `watch` sees a write of another process.

    `watch` yields once when it has started, as it does not see earlier writes, and then whenever something may have
    changed. It runs only while tasks wait, once for all of them.
    """

    def __init__(self, watch: Watch | None = None) -> None:
        self._watch = watch
        self._rung = anyio.Event()
        self._listeners = 0
        self._watching: BackgroundTask | None = None

    def ring(self) -> None:
        """Wake all tasks that are waiting."""
        # A new event for the next ring: an event of anyio cannot be cleared, and those who wait hold the old one.
        self._rung.set()
        self._rung = anyio.Event()

    @property
    def next_ring(self) -> anyio.Event:
        """Return the event of the next ring; take it before reading the store, so that no change is missed."""
        return self._rung

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[None]:
        """Run the watch for as long as the block takes."""
        self._listeners += 1
        if self._watch is not None and self._watching is None:
            self._watching = BackgroundTask(self._ring_by, self._watch)
        try:
            yield
        finally:
            self._listeners -= 1
            if not self._listeners:
                await self.stop()

    async def stop(self) -> None:
        """End the watch and wake all tasks, so that they find the store closed."""
        watching, self._watching = self._watching, None
        if watching is not None:
            await watching.stop()
        self.ring()

    async def _ring_by(self, watch: Watch) -> None:
        async def ring_each() -> None:
            async for _ in watch():
                self.ring()

        await keep_running("The watch on the store", ring_each, self.ring)
