"""Time for the simulator: the real one, or one that a test moves by hand."""

from __future__ import annotations

import heapq
import time
from typing import TYPE_CHECKING, Protocol, TypeVar

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")

# Where a manual clock starts unless told: some moment, always the same, so that answers repeat byte for byte.
EPOCH = 1_795_255_000.0


class Clock(Protocol):
    """Unix seconds, and a sleep that follows the same time."""

    def now(self) -> float:
        """Seconds since the epoch."""

    async def sleep_until(self, moment: float) -> None:
        """Return once `now()` has reached `moment`."""


class RealClock:
    """The machine's clock."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    async def sleep_until(self, moment: float) -> None:
        """Sleep for real."""
        await anyio.sleep(max(0.0, moment - time.time()))


class ManualClock:
    """Stands still until `set` moves it; sleepers wake in order of their moments."""

    def __init__(self, start: float = EPOCH) -> None:
        self._now = start
        self._sleepers: list[tuple[float, int, anyio.Event]] = []
        self._count = 0

    def now(self) -> float:
        """Seconds since the epoch, as last set."""
        return self._now

    def set(self, moment: float) -> None:
        """Move to `moment` (never back) and wake who waited for it."""
        self._now = max(self._now, moment)
        while self._sleepers and self._sleepers[0][0] <= self._now:
            heapq.heappop(self._sleepers)[2].set()

    async def sleep_until(self, moment: float) -> None:
        """Wait for `set` to reach `moment`."""
        if moment <= self._now:
            return
        self._count += 1
        sleeper = (moment, self._count, anyio.Event())
        heapq.heappush(self._sleepers, sleeper)
        try:
            await sleeper[2].wait()
        finally:
            if sleeper in self._sleepers:  # it was cancelled
                self._sleepers.remove(sleeper)
                heapq.heapify(self._sleepers)

    def sleeping(self) -> int:
        """How many wait, so that a test can tell that a request has got as far as its sleep."""
        return len(self._sleepers)


async def first_of(clock: Clock, call: Callable[[], Awaitable[T]], seconds: float) -> T:
    """Return what `call` returns, or raise `TimeoutError` once the clock has moved on by `seconds`."""
    results: list[T] = []

    async def ring() -> None:
        await clock.sleep_until(clock.now() + seconds)
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(ring)
        results.append(await call())
        group.cancel_scope.cancel()
    if not results:
        raise TimeoutError
    return results[0]
