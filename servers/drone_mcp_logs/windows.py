"""Which lines of a log to show within a budget, and how a line is written. Pure.

Room is counted in characters, four to a token, of the longer form of an answer: that is the JSON, in which a quote, a
backslash, a tab and a line end take two.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drone_mcp_kit.cleaning import cleaned

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from drone_mcp_logs.lines import LogText

CHARS_PER_TOKEN = 4
LEAST_ROOM = 160  # characters: one line, cut to the narrowest, fits for sure
_WIDEST = 2_000
_NARROWEST = 40
_PART_OF_BUDGET = 16  # no line takes more than this part of an answer
_AROUND_A_LINE = 60  # characters: its number, and what tells of a cut


@dataclass(frozen=True, slots=True)
class Span:
    """Lines by index, from `start` up to and without `stop`."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.start, self.stop))

    def __reversed__(self) -> Iterator[int]:
        return reversed(range(self.start, self.stop))


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes numbered lines of one log within `room` characters; `widest` is the length to which a line is cut."""

    text: LogText
    room: int
    widest: int
    _written: dict[int, str] = field(default_factory=dict, repr=False)

    def line(self, index: int) -> str:
        """Write a line, once."""
        if index not in self._written:
            number, digits = self.text.first + index, len(str(self.text.last))
            self._written[index] = numbered(number, digits, self.text.lines[index], self.widest)
        return self._written[index]

    def cost(self, index: int) -> int:
        """Tell the room that a line takes."""
        return room_of(self.line(index))


def width_for(room: int, budget: int) -> int:
    """Tell how many characters of a line to show: one line always fits into `room`, and takes a part of `budget`."""
    return max(_NARROWEST, min(_WIDEST, budget // _PART_OF_BUDGET, (room - _AROUND_A_LINE) // 2))


def numbered(number: int, digits: int, line: str, widest: int, *, mark: str = "|", focus: int = 0) -> str:
    """Write a line: its number, what it is (`|`, or `>` for a match), and its text around character `focus`.

    Secrets go before the line is cut: half of one would not be known as such.
    """
    return f"{number:>{digits}}{mark} {cut(cleaned(line), widest, focus)}"


def room_of(line: str) -> int:
    """Tell the room that a written line takes, its line end included."""
    return len(line) + line.count('"') + line.count("\\") + line.count("\t") + 2


def cut(line: str, widest: int, focus: int = 0) -> str:
    """Return the part of `line` around character `focus`, with what is left out counted on either side."""
    if len(line) <= widest:
        return line
    start = max(0, min(focus - widest // 4, len(line) - widest))
    stop = start + widest
    before = f"[{start} chars+]…" if start else ""
    after = f"…[+{len(line) - stop} chars]" if stop < len(line) else ""
    return f"{before}{line[start:stop]}{after}"


def last_lines(writer: Writer, span: Span) -> Span:
    """The end of `span`, as much as there is room for; at least a line."""
    used = 0
    for index in reversed(span):
        used += writer.cost(index)
        if used > writer.room and index + 1 < span.stop:
            return Span(index + 1, span.stop)
    return span


def first_lines(writer: Writer, span: Span) -> Span:
    """The beginning of `span`, as much as there is room for; at least a line."""
    used = 0
    for index in span:
        used += writer.cost(index)
        if used > writer.room and index > span.start:
            return Span(span.start, index)
    return span


def lines_around(writer: Writer, center: int) -> Span:
    """Lines on both sides of line `center` (an index), in turn, as many as there is room for."""
    start, stop, used = center, center + 1, writer.cost(center)
    above, below = True, True
    while above or below:
        above = above and start > 0 and used + writer.cost(start - 1) <= writer.room
        if above:
            start -= 1
            used += writer.cost(start)
        below = below and stop < len(writer.text.lines) and used + writer.cost(stop) <= writer.room
        if below:
            used += writer.cost(stop)
            stop += 1
    return Span(start, stop)


def need(writer: Writer, span: Span) -> int:
    """Tell the room that `span` takes; counting stops where it is more than there is."""
    used = 0
    for index in reversed(span):
        used += writer.cost(index)
        if used > writer.room:
            break
    return used


def share(room: int, needs: Sequence[int]) -> list[int]:
    """Divide `room`: equal parts, where the rest of who needs less goes to the others."""
    shares = [0] * len(needs)
    waiting = sorted(range(len(needs)), key=lambda index: needs[index])
    for served, index in enumerate(waiting):
        shares[index] = min(room // (len(waiting) - served), needs[index])
        room -= shares[index]
    return shares
