"""Lets one operation at a time change a service, and lets it go on when its caller leaves."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

import anyio

from ci_mcp_kit.background import BackgroundTask
from ci_mcp_kit.errors import Conflict, Unreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

T = TypeVar("T")


class ExclusiveOperations:
    """The operations that run, at most one for each service."""

    def __init__(self) -> None:
        self._running: dict[str, str] = {}
        self._tasks: set[BackgroundTask] = set()
        self._is_closing = False

    @property
    def in_progress(self) -> Mapping[str, str]:
        """Service -> kind of the operation that changes it now."""
        return MappingProxyType(self._running)

    async def run(self, service: str, kind: str, operation: Callable[[], Awaitable[T]]) -> T:
        """Run an operation to its end and return what it returns, unless another one changes the service.

        Args:
            service: which it changes.
            kind: a verb, such as `deploy`.
            operation: what to run.
        """
        if self._is_closing:
            raise Unreachable("The daemon of this node is stopping", next_step="Try again when it has started")
        if other := self._running.get(service):
            raise Conflict(
                f"The service {service} is busy: a {other} is in progress",
                next_step="Wait until it has ended, look at the service's status, then decide again",
            )
        ended: list[T] = []
        failed: list[Exception] = []

        async def work() -> None:
            try:
                ended.append(await operation())
            except Exception as error:  # noqa: BLE001 - raised below, to the caller
                failed.append(error)
            finally:
                del self._running[service]
                self._tasks.discard(task)

        self._running[service] = kind
        task = BackgroundTask(work)
        self._tasks.add(task)
        await task.wait()
        if failed:
            raise failed[0]
        return ended[0]

    async def drain(self, seconds: float) -> None:
        """Refuse new operations, and wait until those that run have ended or the time is over."""
        self._is_closing = True
        with anyio.move_on_after(seconds):
            for task in [*self._tasks]:
                await task.wait()
