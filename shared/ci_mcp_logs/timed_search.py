"""Searches several logs within one time limit, in threads that end soon after their task is cancelled."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from ci_mcp_logs.search import search

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_mcp_logs.log_text import LogText
    from ci_mcp_logs.search import SearchResult


class TimedSearch:
    """A search through several logs, which share its seconds.

    Args:
        compiled: from `compile_pattern`.
        context: lines to keep on either side of a match.
        keep: matches to keep of a log; all are counted.
        seconds: of searching, for all logs together.
        clock: monotonic.
    """

    def __init__(
        self, compiled: Any, *, context: int, keep: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._search = partial(search, compiled, context=context, keep=keep)
        self._clock = clock
        self._seconds_left = seconds
        self._scanning = anyio.Lock()  # logs are read at once and scanned in turn, or each would get all seconds left

    async def run(self, text: LogText) -> SearchResult:
        """Search one log, as far as the time suffices."""
        async with self._scanning:
            cancelled = threading.Event()
            begun = self._clock()
            until = begun + self._seconds_left
            work = partial(self._search, text, go_on=lambda: not cancelled.is_set() and self._clock() < until)
            try:
                # A thread cannot be interrupted: it is left to itself, and stops when it next asks `go_on`.
                return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
            finally:
                cancelled.set()
                self._seconds_left -= self._clock() - begun
