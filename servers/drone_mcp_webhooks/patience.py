"""A limit on how long senders may take."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import anyio

from ci_mcp_kit.background import BackgroundTask

if TYPE_CHECKING:
    from collections.abc import Awaitable

T = TypeVar("T")


class Patience:
    """Ends waiting after `seconds`, at the latest after twice as many.

    One timer serves all who wait: one for each would cost a fifteenth of a delivery, and hardly any ever rings.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: dict[anyio.CancelScope, float] = {}
        self._timer: BackgroundTask | None = None

    async def wait(self, work: Awaitable[T]) -> T:
        """Wait for `work`; raises TimeoutError, and cancels it, if it takes too long."""
        if self._timer is None:
            self._timer = BackgroundTask(self._cancel_late)
        with anyio.CancelScope() as scope:
            self._since[scope] = anyio.current_time()
            try:
                return await work
            finally:
                del self._since[scope]
        raise TimeoutError

    async def _cancel_late(self) -> None:
        while self._since:
            await anyio.sleep(self._seconds)
            for scope, since in self._since.items():
                if anyio.current_time() - since >= self._seconds:
                    scope.cancel()
        self._timer = None
