"""A timeout shared by many requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import anyio

from ci_mcp_kit.background import BackgroundTask

if TYPE_CHECKING:
    from collections.abc import Awaitable

T = TypeVar("T")


class SharedTimeout:
    """Cancels work after `seconds`, at the latest after twice as many.

    All work shares one timer: a timer for each request would take a fifteenth of the time of a delivery, and hardly
    any of them would ever fire.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._started: dict[anyio.CancelScope, float] = {}
        self._timer: BackgroundTask | None = None

    async def run(self, work: Awaitable[T]) -> T:
        """Await `work` and return its result; cancel it and raise TimeoutError if it takes too long."""
        if self._timer is None:
            self._timer = BackgroundTask(self._cancel_overdue)
        with anyio.CancelScope() as scope:
            self._started[scope] = anyio.current_time()
            try:
                return await work
            finally:
                del self._started[scope]
        raise TimeoutError

    async def _cancel_overdue(self) -> None:
        while self._started:
            await anyio.sleep(self._seconds)
            # No await in this loop: the dictionary would change while it is read.
            for scope, started in self._started.items():
                if anyio.current_time() - started >= self._seconds:
                    scope.cancel()
        self._timer = None
