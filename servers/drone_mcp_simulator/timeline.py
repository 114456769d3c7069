"""What happens when: a queue of things to do, played in order of their moments."""

from __future__ import annotations

import heapq
import itertools
from contextlib import suppress
from typing import TYPE_CHECKING

import anyio

from drone_mcp_simulator.clock import first_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from drone_mcp_simulator.clock import Clock


class Timeline:
    """Events with a due time, run one after another; while one runs, `now()` is the moment it was due.

    That keeps a story exact however late it is told: history is played through at once when a scenario is loaded.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._moment: float | None = None
        self._changed = anyio.Event()

    def now(self) -> float:
        """Unix seconds: the running event's own moment, else the clock's."""
        return self.clock.now() if self._moment is None else self._moment

    def after(self, seconds: float, event: Callable[[], None]) -> None:
        """Run `event` when `seconds` have passed from now."""
        self.at(self.now() + seconds, event)

    def at(self, moment: float, event: Callable[[], None]) -> None:
        """Run `event` at `moment`; of two for the same moment the one that was put first."""
        heapq.heappush(self._queue, (moment, next(self._order), event))
        self._changed.set()

    def next_due(self) -> float | None:
        """The moment of the next event."""
        return self._queue[0][0] if self._queue else None

    def step(self, until: float) -> bool:
        """Run the next event due by `until`; false when there is none."""
        if not self._queue or self._queue[0][0] > until:
            return False
        self._moment, _, event = heapq.heappop(self._queue)
        try:
            event()
        finally:
            self._moment = None
        return True

    async def play(self, after_each: Callable[[], Awaitable[None]]) -> None:
        """Run events as the clock reaches them, for ever; `after_each` is awaited between two."""
        while True:
            self._changed = anyio.Event()
            while self.step(self.clock.now()):
                await after_each()
            await self._wait()

    async def _wait(self) -> None:
        due = self.next_due()
        if due is None:
            await self._changed.wait()
            return
        with suppress(TimeoutError):
            await first_of(self.clock, self._changed.wait, due - self.clock.now())
