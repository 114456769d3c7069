"""Limits how often a logger repeats itself, where a stranger can make it write."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW_SECONDS: Final = 60.0
MAX_REPEATS: Final = 5  # in a window


class RepeatLimit(logging.Filter):
    """Lets a message through a few times a minute, and says with the next one how many were left out.

    Messages are distinguished by their format string, so their arguments cannot evade the limit. Add it to a logger.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._counts: dict[str, tuple[float, int]] = {}  # format string -> start of its window, messages in it

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to write the record."""
        template, now = str(record.msg), self._clock()
        start, count = self._counts.get(template, (now, 0))
        left_out = 0
        if now - start >= WINDOW_SECONDS:
            start, left_out, count = now, max(0, count - MAX_REPEATS), 0
        self._counts[template] = (start, count + 1)
        if left_out:
            record.msg = f"{template} ({left_out} more like this were left out)"
        return count < MAX_REPEATS
