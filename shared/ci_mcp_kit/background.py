"""Tasks and threads that do not end with the function that starts them. Here alone is asyncio used instead of anyio.

A task of anyio lives in a group, which the task that has opened it must also close, and which must not be open across a
`yield` of a generator (https://anyio.readthedocs.io/en/stable/cancellation.html, "Avoiding cancel scope stack
corruption"). That does not suit work that one request starts and others wait for, such as a write that they share or
the watch on a store, nor work next to a generator.

Where a task lives as long as a block, use a task group, or `ci_mcp_kit.concurrency`.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import anyio

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine

P = ParamSpec("P")
T = TypeVar("T")

logger = logging.getLogger(__name__)

RESTART_SECONDS = 10.0


class BackgroundTask:
    """A running call of an async function. Make it where an event loop runs, and stop it or wait for its end.

    Args:
        function: what to call.
        args: its arguments.
        on_fault: called with the exception that ends it, if one does; logs it by default.
    """

    def __init__(
        self,
        function: Callable[..., Coroutine[Any, Any, object]],
        *args: Any,
        on_fault: Callable[[BaseException], None] | None = None,
    ) -> None:
        self._on_fault = on_fault or _log_fault
        self._task = asyncio.create_task(function(*args))
        self._task.add_done_callback(self._report)

    @property
    def is_done(self) -> bool:
        """Return whether it has ended, in whatever way."""
        return self._task.done()

    def cancel(self) -> None:
        """Ask it to end. Unlike a cancel scope this interrupts it once, so it can still wait while it cleans up."""
        self._task.cancel()

    async def wait(self, seconds: float | None = None) -> None:
        """Wait until it has ended, in whatever way, or `seconds` have passed."""
        await asyncio.wait([self._task], timeout=seconds)

    async def stop(self) -> None:
        """Cancel it and wait until it has ended, even where the caller itself is cancelled."""
        self.cancel()
        with anyio.CancelScope(shield=True):
            await self.wait()

    def _report(self, task: asyncio.Task[object]) -> None:
        # Asked for even if it goes nowhere else: asyncio warns of exceptions that nobody has retrieved.
        if not task.cancelled() and (error := task.exception()):
            self._on_fault(error)


def _log_fault(error: BaseException) -> None:
    logger.error("Work in the background has ended by a fault", exc_info=error)


async def keep_running(name: str, function: Callable[[], Awaitable[object]], on_fault: Callable[[], None]) -> None:
    """Call a function that should never end, and call it again after a pause if it fails.

    Args:
        name: of this part of the process, for the log.
        function: the part.
        on_fault: called after each failure.
    """
    while True:
        try:
            await function()
        except Exception:
            logger.exception("%s has failed, and starts again in %g seconds", name, RESTART_SECONDS)
            on_fault()
        await anyio.sleep(RESTART_SECONDS)


@asynccontextmanager
async def running(
    function: Callable[..., Coroutine[Any, Any, object]],
    *args: Any,
    on_fault: Callable[[BaseException], None] | None = None,
) -> AsyncGenerator[BackgroundTask]:
    """Run a call for as long as the block takes. Unlike in a task group, its failure does not end the block."""
    task = BackgroundTask(function, *args, on_fault=on_fault)
    try:
        yield task
    finally:
        await task.stop()


class BackgroundThread:
    """A thread in which calls run one after another.

    With `anyio.to_thread` a cancelled caller either waits for its call, which may take seconds, or leaves it to run at
    the same time as the following one, which two calls of one database connection must not do.
    """

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call `function` there. A call that has begun ends, even if its caller is cancelled meanwhile."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, partial(function, *args, **kwargs))

    def end(self) -> None:
        """End the thread after its last call."""
        self._executor.shutdown()
