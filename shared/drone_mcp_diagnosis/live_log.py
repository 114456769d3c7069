"""Reads the log of a running step: what Drone replays of it, and what comes within a moment.

Drone stores a log when its step ends. Before that there is a stream: it replays the newest 5,000 writes, then goes on
as the runner sends them, about once a second, and never ends where the build was cancelled. So reading is bounded by
silence and by time. Source: Drone 2.25, livelog/stream.go and handler/api/events/logs.go.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import anyio

from ci_mcp_kit.errors import AnswerTooLarge
from ci_mcp_logs.log_text import LogText
from drone_mcp_client.errors import DRONE, Unreachable
from drone_mcp_client.steplog import from_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drone_mcp_client.log_stream import LogTail
    from drone_mcp_client.models import Line

WRITE_OVERHEAD = 300  # bytes of a write in addition to its text: a small one takes more room than its text
MOST_HELD = 32 * 2**20  # bytes; a replay has 5,000 writes, and a runner keeps 5 MiB


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to listen, in seconds.

    Attributes:
        first: until the first write, for a reader who wants only the text that exists.
        quiet: this long without a write means that the replay is over.
        total: at most; a reader who waits for something new waits that long.
    """

    # The replay comes in one burst, and a runner sends new lines about once a second (drone/runner-go,
    # livelog/livelog.go): a pause of 0.3 s ends the replay, and 5 s hold several batches.
    first: float = 2.0
    quiet: float = 0.3
    total: float = 5.0


@dataclass(frozen=True, slots=True)
class LiveRequest:
    """How much of a live log its reader needs.

    Attributes:
        since: position of the first write that is new to the reader.
        enough: characters of new text that suffice.
        patient: whether to wait for something new.
    """

    since: int = 0
    enough: float = math.inf
    patient: bool = False


async def collect(tail: LogTail, pace: Pace, wish: LiveRequest) -> list[Line]:
    """Return the writes that came until a pause, enough text or the end of the time; see `tail.ended`.

    Raises:
        ServiceError: nothing came, because of this.
    """
    writes: list[Line] = []
    async with tail:
        with anyio.move_on_after(pace.total):
            try:
                await _listen(tail, pace, wish, writes)
            except Unreachable:
                # A connection that breaks after some text has still answered the question.
                if not writes:
                    raise
    return writes


async def _listen(tail: LogTail, pace: Pace, wish: LiveRequest, writes: list[Line]) -> None:
    arrived, size, news = 0, 0, False
    while arrived < wish.enough:
        # Before the first new write, the wait depends on the reader; after it, a pause is the end of the replay.
        wait = pace.quiet if news else pace.total if wish.patient else pace.first
        write = None
        with anyio.move_on_after(wait):
            write = await anext(tail, None)
        if write is None:
            return
        writes.append(write)
        size += WRITE_OVERHEAD + len(write.out)
        if size > MOST_HELD:
            raise AnswerTooLarge(f"The live log takes more than {MOST_HELD} bytes", service=DRONE)
        if write.pos >= wish.since:
            news = True
            arrived += len(write.out)


def live_text(writes: Sequence[Line]) -> LogText:
    """Return the log of a running step. A last line without its end is included, and reading resumes at it."""
    log = from_lines(writes)
    starts, is_open = line_starts(writes)
    first_pos = log.first_pos
    number = first_pos + 1 + len(log.lines)
    after = writes[-1].pos + 1 if writes else 0
    # An open line is read again from its first write, and keeps its number then.
    resume = (number - 1, starts[-1]) if is_open else (number, after)
    text = LogText.from_raw(log.lines, size=log.size, first_pos=first_pos)
    return replace(text, running=True, starts=tuple(starts), resume=resume)


def line_starts(writes: Sequence[Line]) -> tuple[list[int], bool]:
    """Return, for each line, the position of the write that began it, and whether the last line has no end yet."""
    starts: list[int] = []
    is_open = False
    for write in writes:
        # A write holds a line, several or a part of one: runners split what a program writes at its newlines, and join
        # nothing.
        *ended, rest = write.out.split("\n")
        # The first of the ended lines began in an earlier write, where that left a line open.
        starts += [write.pos] * (len(ended) - is_open if ended else 0)
        is_open = is_open and not ended
        if rest and not is_open:
            starts.append(write.pos)
            is_open = True
    return starts, is_open
