"""A step's log, assembled from the writes that Drone stores.

Drone stores the upload of the runner and sends it unchanged: a JSON array of writes, `{"pos", "out", "time"}`
(drone/drone v2.25.0, handler/api/repos/builds/logs/find.go). A write usually is one line with its line end, but may be
part of one, several, or nothing. The runner keeps the newest 5 MiB and drops the head without a mark; then the first
`pos` is above 0 (drone/runner-go, livelog/livelog.go).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import from_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from drone_mcp_client.models import Line

Write = tuple[int, str, int]

# Where one write ends and the next begins. No string holds this: in one, a backslash stands before each quote.
SEPARATOR: Final = b'},{"pos":'
PIECE: Final = 256 * 1024  # bytes that are decoded at once: as Python objects, they take several times as much


@dataclass(frozen=True, slots=True)
class StepLog:
    """The lines of a log. A line's number is its 1-based index in `lines`.

    Attributes:
        lines: each line as it was written, without its line end; escape sequences and lone carriage returns stay.
        times: for each line, the seconds from the step's start to the line's first write.
        first_pos: the position of the first write that is left, from 0 on over all that the step wrote.
        size: bytes of the whole text, line ends included.
    """

    lines: tuple[str, ...] = ()
    times: tuple[int, ...] = ()
    first_pos: int = 0
    size: int = 0

    @property
    def head_lost(self) -> bool:
        """Whether the runner dropped the beginning, or a live stream began in the middle."""
        return self.first_pos > 0

    @property
    def text(self) -> str:
        """All lines, each but the last followed by a newline."""
        return "\n".join(self.lines)


def parse(body: bytes) -> StepLog:
    """Parse a stored log. `null` and an empty body are an empty log; one JSON object a line is understood, too.

    Raises:
        ValueError: it is no log.
    """
    body = body.strip()
    if body in {b"", b"null"}:
        return StepLog()
    # Drone 2.25 sends an array. A comment in its find.go speaks of one object a line, as other runners may upload.
    pieces = filter(None, body.split(b"\n")) if body.startswith(b"{") else _pieces(body)
    try:
        return assemble(_writes(pieces))
    # json parses by recursion, and callers expect a ValueError for every body that is no log.
    except RecursionError as deep:
        raise ValueError("nested too deeply") from deep


def from_lines(lines: Iterable[Line]) -> StepLog:
    """Assemble the writes of a live stream."""
    return assemble((line.pos, line.out, line.time) for line in lines)


def assemble(writes: Iterable[Write]) -> StepLog:
    """Join writes into lines. How the text was cut into writes does not matter, but for the times."""
    lines: list[str] = []
    times: list[int] = []
    open_parts: list[str] = []
    open_time = size = 0
    first_pos = None
    for pos, out, time in writes:
        first_pos = pos if first_pos is None else first_pos
        # runner-go leaves an empty write after a block of whole lines (livelog/livelog.go).
        if not out:
            continue
        # A str knows whether it is ASCII (PEP 393), so most writes are counted without a copy.
        size += len(out) if out.isascii() else len(out.encode())
        if not open_parts:
            open_time = time
        head, newline, rest = out.partition("\n")
        open_parts.append(head)
        if newline:
            lines.append("".join(open_parts).removesuffix("\r"))
            times.append(open_time)
            open_parts.clear()
        if rest:  # rare: a write with more than one line
            *whole, rest = rest.split("\n")
            lines.extend(line.removesuffix("\r") for line in whole)
            times.extend([time] * len(whole))
            open_time, open_parts = time, [rest] if rest else []
    if open_parts:
        lines.append("".join(open_parts))
        times.append(open_time)
    return StepLog(tuple(lines), tuple(times), first_pos or 0, size)


def _pieces(body: bytes) -> Iterator[bytes]:
    """Cut an array into smaller ones, so that not all of its writes are objects at the same time."""
    if not (body.startswith(b"[") and body.endswith(b"]")):
        raise ValueError("no whole list of writes")
    start, last = 1, len(body) - 1
    while (end := body.find(SEPARATOR, start + PIECE, last)) >= 0:
        yield b"[%b]" % body[start : end + 1]
        start = end + 2
    yield b"[%b]" % body[start:last]


def _writes(pieces: Iterable[bytes]) -> Iterator[Write]:
    for piece in pieces:
        try:
            decoded = from_json(piece)
        except ValueError:
            # Bytes are stored as a runner sent them: bad UTF-8, raw control characters and half surrogates are read.
            decoded = json.loads(piece.decode("utf-8", "replace"), strict=False, object_hook=_replace_surrogates)
        for element in decoded if isinstance(decoded, list) else [decoded]:
            if not isinstance(element, dict) or "out" not in element:
                raise ValueError("an element is no write")
            pos, out, time = element.get("pos"), element.get("out"), element.get("time")
            yield (
                pos if isinstance(pos, int) else 0,
                out if isinstance(out, str) else "",
                time if isinstance(time, int) else 0,
            )


def _replace_surrogates(element: dict[str, Any]) -> dict[str, Any]:
    out = element.get("out")
    if isinstance(out, str):
        element["out"] = out.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return element
