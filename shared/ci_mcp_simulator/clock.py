"""Clocks for the simulator: the real one, and one that a test moves by hand."""

from __future__ import annotations

import heapq
import time
from typing import TYPE_CHECKING, Protocol, TypeVar

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")

# The default start of a manual clock: fixed, so that responses are the same byte for byte in every run.
EPOCH = 1_795_255_000.0


class Clock(Protocol):
    """A source of Unix time with a sleep on the same clock."""

    def now(self) -> float:
        """Return the Unix time in seconds."""

    async def sleep_until(self, moment: float) -> None:
        """Return once `now()` has reached `moment`."""


class RealClock:
    """The machine's clock."""

    def now(self) -> float:
        """Return the Unix time in seconds."""
        return time.time()

    async def sleep_until(self, moment: float) -> None:
        """Sleep on the machine's clock."""
        await anyio.sleep(max(0.0, moment - time.time()))


class ManualClock:
    """A clock that stands still until `set` moves it; sleepers wake in order of their due times."""

    def __init__(self, start: float = EPOCH) -> None:
        self._now = start
        self._sleepers: list[tuple[float, int, anyio.Event]] = []
        self._count = 0

    def now(self) -> float:
        """Return the Unix time in seconds, as last set."""
        return self._now

    def set(self, moment: float) -> None:
        """Move to `moment`, never backwards, and wake all sleepers due by then."""
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
            if sleeper in self._sleepers:  # the task was cancelled
                self._sleepers.remove(sleeper)
                heapq.heapify(self._sleepers)

    def count_sleepers(self) -> int:
        """Return the number of sleepers, by which a test detects that a request has reached its sleep."""
        return len(self._sleepers)


async def run_with_timeout(clock: Clock, call: Callable[[], Awaitable[T]], seconds: float) -> T:
    """Return the result of `call`; cancel it and raise TimeoutError after `seconds` on this clock."""
    results: list[T] = []

    async def time_out() -> None:
        await clock.sleep_until(clock.now() + seconds)
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(time_out)
        results.append(await call())
        group.cancel_scope.cancel()
    if not results:
        raise TimeoutError
    return results[0]
