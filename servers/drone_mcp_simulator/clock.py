"""Time for the simulator: the real one, or one that a test moves by hand."""

from __future__ import annotations

import asyncio
import heapq
import time
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable

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
        await asyncio.sleep(max(0.0, moment - time.time()))


class ManualClock:
    """Stands still until `set` moves it; sleepers wake in order of their moments."""

    def __init__(self, start: float = EPOCH) -> None:
        self._now = start
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def now(self) -> float:
        """Seconds since the epoch, as last set."""
        return self._now

    def set(self, moment: float) -> None:
        """Move to `moment` (never back) and wake who waited for it."""
        self._now = max(self._now, moment)
        while self._sleepers and self._sleepers[0][0] <= self._now:
            sleeper = heapq.heappop(self._sleepers)[2]
            if not sleeper.done():
                sleeper.set_result(None)

    async def sleep_until(self, moment: float) -> None:
        """Wait for `set` to reach `moment`."""
        if moment <= self._now:
            return
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (moment, self._count, sleeper))
        await sleeper

    def sleeping(self) -> int:
        """How many wait, so that a test can tell that a request has got as far as its sleep."""
        return sum(not sleeper.done() for _, _, sleeper in self._sleepers)


async def first_of(clock: Clock, awaited: Awaitable[T], seconds: float) -> T:
    """`awaited`, or `TimeoutError` once the clock has moved on by `seconds`."""
    work = asyncio.ensure_future(awaited)
    alarm = asyncio.ensure_future(clock.sleep_until(clock.now() + seconds))
    try:
        await asyncio.wait((work, alarm), return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise TimeoutError
        return work.result()
    finally:
        work.cancel()
        alarm.cancel()
