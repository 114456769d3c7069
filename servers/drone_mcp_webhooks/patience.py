"""A limit on how long senders may take."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable

T = TypeVar("T")


class Patience:
    """Ends waiting after `seconds`, at the latest after twice as many.

    One timer serves all who wait: one for each would cost a fifteenth of a delivery, and hardly any ever rings.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: dict[asyncio.Timeout, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, work: Awaitable[T]) -> T:
        """Wait for `work`; raises TimeoutError, and cancels it, if it takes too long."""
        loop = asyncio.get_running_loop()
        if self._timer is None:
            self._timer = loop.call_later(self._seconds, self._look)
        async with asyncio.timeout(None) as limit:
            self._since[limit] = loop.time()
            try:
                return await work
            finally:
                del self._since[limit]

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        for limit, since in self._since.items():
            if loop.time() - since >= self._seconds:
                limit.reschedule(loop.time())
        self._timer = loop.call_later(self._seconds, self._look) if self._since else None
