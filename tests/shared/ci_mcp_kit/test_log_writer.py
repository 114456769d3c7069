"""A writer of log records never waits, and dropped records are counted."""

from __future__ import annotations

import logging
import threading

from ci_mcp_kit.log_writer import WAITING, LogWriter
from support.patience import PATIENCE


def record(text: str) -> logging.LogRecord:
    return logging.LogRecord("test", logging.INFO, __file__, 1, text, None, None)


class Reader:
    """Reads nothing until it is released."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.released = threading.Event()
        self.caught_up = threading.Event()

    def __call__(self, text: str) -> None:
        self.released.wait()
        self.read.append(text)
        if "dropped" in text:
            self.caught_up.set()


def test_records_that_nobody_reads_are_dropped_and_counted_once_somebody_does() -> None:
    reader = Reader()
    handler = LogWriter(reader)
    for number in range(3 * WAITING):
        handler.handle(record(f"record {number}"))
    assert reader.read == []
    reader.released.set()
    assert reader.caught_up.wait(PATIENCE)
    *kept, last = reader.read
    assert kept[:WAITING] == [f"record {number}\n" for number in range(WAITING)]
    assert last == f"{3 * WAITING - len(kept)} log records were dropped, because nobody read them in time\n"
    handler.handle(record("afterwards"))
    handler.close()
    assert reader.read[-1] == "afterwards\n"


def test_the_end_does_not_wait_for_a_reader_that_is_stuck() -> None:
    handler = LogWriter(Reader())
    for _ in range(2 * WAITING):
        handler.handle(record("x"))
    handler.close()


def test_an_error_of_the_stream_costs_no_later_record() -> None:
    written: list[str] = []

    def write(text: str) -> None:
        if text == "first\n":
            raise BrokenPipeError
        written.append(text)

    handler = LogWriter(write)
    for text in ("first", "second"):
        handler.handle(record(text))
    handler.close()
    assert written == ["second\n"]
