"""The timeline: a queue of events, played in order of their due times."""

from __future__ import annotations

import heapq
import itertools
from contextlib import suppress
from typing import TYPE_CHECKING

import anyio

from ci_mcp_simulator.clock import run_with_timeout

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ci_mcp_simulator.clock import Clock


class Timeline:
    """A queue of events, run one after another; while one runs, `now()` is its due time.

    So recorded times are exact even if events run late, as the history of a scenario does while it is loaded.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._moment: float | None = None
        self._changed = anyio.Event()

    def now(self) -> float:
        """Return the due time of the running event, otherwise the clock's time."""
        return self.clock.now() if self._moment is None else self._moment

    def after(self, seconds: float, event: Callable[[], None]) -> None:
        """Schedule `event` in `seconds` from now."""
        self.at(self.now() + seconds, event)

    def at(self, moment: float, event: Callable[[], None]) -> None:
        """Schedule `event` at `moment`; events of the same moment run in the order they were scheduled."""
        heapq.heappush(self._queue, (moment, next(self._order), event))
        self._changed.set()

    def next_due(self) -> float | None:
        """Return the due time of the next event."""
        return self._queue[0][0] if self._queue else None

    def step(self, until: float) -> bool:
        """Run the next event due by `until`; return whether there was one."""
        if not self._queue or self._queue[0][0] > until:
            return False
        self._moment, _, event = heapq.heappop(self._queue)
        try:
            event()
        finally:
            self._moment = None
        return True

    async def play(self, after_each: Callable[[], Awaitable[object]]) -> None:
        """Run events as the clock reaches them, until cancelled; await `after_each` after each."""
        while True:
            self._changed = anyio.Event()
            while self.step(self.clock.now()):
                await after_each()
            due = self.next_due()
            if due is None:
                await self._changed.wait()
                continue
            with suppress(TimeoutError):
                await run_with_timeout(self.clock, self._changed.wait, due - self.clock.now())
