"""The output of a step, and how Drone's runner stores and streams it (drone/runner-go, `livelog`)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from drone_mcp_simulator import gojson

# The runner keeps the newest 5 MiB of a step's text and stops streaming once it has seen as much (livelog/livelog.go,
# defaultLimit and Write).
LIMIT = 5 * 1024 * 1024
# The number of lines that a live stream replays to a new listener.
LIVE_HISTORY = 5000


@dataclass(frozen=True, slots=True)
class Line:
    """One element of a log: `pos` counts from the step's first write, `time` whole seconds since its start."""

    pos: int
    out: str
    time: int

    def to_json(self) -> dict[str, int | str]:
        """Return the line as Drone stores and streams it."""
        return {"pos": self.pos, "out": self.out, "time": self.time}


@dataclass(frozen=True)
class Output:
    """The text of a step, in one or several writes, or in `blob` the bytes that the runner uploads instead of an array.

    A lone surrogate in the text stands for a byte that is not UTF-8.
    """

    text: str = ""
    blob: bytes | None = None
    writes: tuple[str, ...] = ()

    def lines(self, duration: float) -> list[Line]:
        """Split the writes into lines with their line ends, spread evenly over `duration` seconds."""
        parts = [part for write in (self.text, *self.writes) for part in re.findall(r"[^\n]*\n|[^\n]+", write)]
        return [Line(i, part, int(duration * i / len(parts))) for i, part in enumerate(parts)]


def encode_upload(lines: list[Line]) -> bytes:
    """Encode the log array uploaded at the end of a step; the oldest lines beyond 5 MiB of text are dropped.

    A step without output is Go's nil slice, which encodes as `null`.
    """
    size, first = 0, len(lines)
    while first:
        size += len(lines[first - 1].out.encode("utf-8", "surrogateescape"))
        if size > LIMIT:
            break
        first -= 1
    return gojson.encode([line.to_json() for line in lines[first:]] or None)


def split_into_batches(lines: list[Line]) -> list[list[Line]]:
    """Split the lines into the batches that are streamed: one a second, until 5 MiB are sent."""
    streamed: list[list[Line]] = []
    size = 0
    for line in lines:
        size += len(line.out.encode("utf-8", "surrogateescape"))
        if size > LIMIT:
            break
        # livelog.go sends what has come within its interval of a second, and `time` is in whole seconds.
        if streamed and streamed[-1][0].time == line.time:
            streamed[-1].append(line)
        else:
            streamed.append([line])
    return streamed
