"""A step's log, put together from the writes that Drone stores.

Drone keeps what the runner uploaded: a JSON array of writes, `{"pos", "out", "time"}`. A write usually is one line
with its line end, but may be part of one, several, or nothing. The runner keeps the newest 5 MiB and drops the head
without a mark; then the first `pos` is above 0. Source: Drone 2.25, handler/api/repos/builds/logs/find.go, and
runner-go, livelog/livelog.go.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drone_mcp_client.models import Line

Write = tuple[int, str, int]


@dataclass(frozen=True, slots=True)
class StepLog:
    """The lines of a log. A line's number is its 1-based index in `lines`.

    Attributes:
        lines: each line as it was written, without its line end; escape sequences and lone carriage returns stay.
        times: for each line, the seconds from the step's start to the line's first write.
        first_pos: what the runner had counted before the first write that is left.
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
    """Read a stored log. `null` and nothing at all are an empty log; one JSON object a line is read too.

    Raises:
        ValueError: it is no log.
    """
    text = body.decode("utf-8", "replace").strip()
    try:
        return assemble(_writes(_elements(text)))
    except RecursionError as deep:
        raise ValueError("nested too deeply") from deep


def from_lines(lines: Iterable[Line]) -> StepLog:
    """Put together what a live stream sent."""
    return assemble((line.pos, line.out, line.time) for line in lines)


def assemble(writes: Iterable[Write]) -> StepLog:
    """Join writes into lines. How the text was cut into writes does not matter, but for the times."""
    lines: list[str] = []
    times: list[int] = []
    open_parts: list[str] = []
    open_time = first_pos = size = 0
    for index, (pos, out, time) in enumerate(writes):
        if index == 0:
            first_pos = pos
        size += len(out) if out.isascii() else len(out.encode())
        *ended, rest = out.split("\n")
        if ended:
            if open_parts:
                ended[0] = "".join((*open_parts, ended[0]))
                open_parts.clear()
                times.append(open_time)
            else:
                times.append(time)
            times.extend([time] * (len(ended) - 1))
            lines.extend(line.removesuffix("\r") for line in ended)
        if rest:
            open_time = open_time if open_parts else time
            open_parts.append(rest)
    if open_parts:
        lines.append("".join(open_parts))
        times.append(open_time)
    return StepLog(tuple(lines), tuple(times), first_pos, size)


def _elements(text: str) -> list[Any]:
    if text.startswith("{"):
        return [json.loads(line, strict=False) for line in text.split("\n") if line.strip()]
    elements = json.loads(text, strict=False) if text else None
    if elements is None:
        return []
    if not isinstance(elements, list):
        raise ValueError("no list of writes")  # noqa: TRY004 - one kind of error says that it is no log
    return elements


def _writes(elements: list[Any]) -> Iterable[Write]:
    for element in elements:
        if not isinstance(element, dict):
            raise ValueError("a write is no object")  # noqa: TRY004 - as above
        yield _int(element.get("pos")), _str(element.get("out")), _int(element.get("time"))


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0


def _str(value: object) -> str:
    if not isinstance(value, str):
        return ""
    try:
        value.isascii() or value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can spell and UTF-8 cannot
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value
