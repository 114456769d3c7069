"""Writes log records without waiting for their reader.

Several clients leave the pipe of standard error unread, and a full pipe takes no more: a handler that writes in the
thread of a request would stop the server with it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import threading
from typing import TYPE_CHECKING

from ci_mcp_kit.pipes import STDERR

if TYPE_CHECKING:
    from collections.abc import Callable

WAITING = 500  # records that wait to be written; further ones are dropped
AT_END = 0.2  # seconds for the last records where a process ends


def write_to_stderr(text: str) -> None:
    """Write to the descriptor itself: a thread that is stuck in `sys.stderr` would hold its lock at the end, too."""
    data = memoryview(text.encode(errors="backslashreplace"))
    while data:
        data = data[os.write(STDERR, data) :]


class LogWriter(logging.Handler):
    """Formats a record at once, and writes it in a thread; drops and counts what comes while too many wait.

    Args:
        write: writes a text, and may block.
    """

    def __init__(self, write: Callable[[str], object] = write_to_stderr) -> None:
        super().__init__()
        self._write = write
        self._lines: queue.Queue[str | None] = queue.Queue(WAITING)
        self._dropped = 0
        self._thread: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Leave `record` to the thread."""
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - as every handler of the standard library
            self.handleError(record)
            return
        if self._thread is None:
            # daemon: one that is stuck must not hold up the end of the process.
            self._thread = threading.Thread(target=self._write_lines, name="log", daemon=True)
            self._thread.start()
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._dropped += 1

    def close(self) -> None:
        """Write the waiting records, for a limited time."""
        super().close()
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(None)
            if self._thread is not None:
                self._thread.join(AT_END)

    def _write_lines(self) -> None:
        while (line := self._lines.get()) is not None:
            # OSError: nobody reads any more, or the disk is full; ValueError: the stream is closed.
            with contextlib.suppress(OSError, ValueError):
                self._write(line + "\n")
                if self._dropped and self._lines.empty():
                    self._write(self.format(self._take_count()) + "\n")

    def _take_count(self) -> logging.LogRecord:
        with self.lock or contextlib.nullcontext():
            count, self._dropped = self._dropped, 0
        text = "%d log records were dropped, because nobody read them in time"
        return logging.LogRecord(__name__, logging.WARNING, __file__, 0, text, (count,), None)
