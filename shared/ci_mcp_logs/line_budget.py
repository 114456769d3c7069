"""Chooses lines of a log that fit a budget, writes them with their numbers, and frames them. Pure but for the marks.

Room is counted in tokens of the longer form of an answer: that is the JSON, in which a quote, a backslash, a tab and a
line end take two characters.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ci_mcp_kit.answer import to_json
from ci_mcp_kit.outgoing_text import cleaned
from ci_mcp_kit.token_count import count_tokens
from ci_mcp_logs.ci_markup import split_stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ci_mcp_logs.log_text import LogText

LEAST_ROOM = 40  # tokens: one line, cut to the narrowest, fits for sure
_WIDEST = 2_000  # characters of a line, whatever the budget
_NARROWEST = 20
_CHARS_OF_BUDGET = 1 / 4  # characters of a line for each token of an answer: ordinary words take a sixteenth of it then
_AROUND_A_LINE = 20  # tokens: the line's number, and the notes of a cut


class Row(NamedTuple):
    """A line as an answer writes it; `stamp` is the time stamp that it is written without."""

    text: str
    stamp: str = ""


GAP = Row("...")  # between lines of which some are left out


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


def room_of(line: str) -> int:
    """Return the room that a written line takes, including its line end."""
    return count_tokens(to_json(f"{line}\n")[1:-1])


def room_of_all(rows: Iterable[Row]) -> int:
    """Return the room that written lines take."""
    return sum(room_of(row.text) for row in rows)


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes numbered lines of one log within `room`; `widest` is the length to which a line is cut.

    `measure` returns the room that a written line takes, by default in tokens.
    """

    text: LogText
    room: int
    widest: int
    measure: Callable[[str], int] = room_of
    _written: dict[int, Row] = field(default_factory=dict, repr=False)

    def line(self, index: int) -> Row:
        """Write a line, once."""
        if index not in self._written:
            number, digits = self.text.first + index, len(str(self.text.last))
            line = self.text.lines[index]
            self._written[index] = numbered(number, digits, line, self.widest, form=self.text.stamps)
        return self._written[index]

    def cost(self, index: int) -> int:
        """Return the room that a line takes."""
        return self.measure(self.line(index).text)


def width_for(room: int, budget: int) -> int:
    """Return the characters at which to cut lines: a line must fit into `room`, and take only a part of `budget`."""
    return max(_NARROWEST, min(_WIDEST, int(budget * _CHARS_OF_BUDGET), room - _AROUND_A_LINE))


def numbered(
    number: int, digits: int, line: str, widest: int, *, form: str = "", mark: str = "|", focus: int = 0
) -> Row:
    """Write a line: its number, a mark (`|`, or `>` for a match), and its text around character `focus`.

    A time stamp of that form is left out, and the mark is `~` then. Secrets are redacted before the line is cut, as
    half of one would not be recognised.
    """
    stamp, text = split_stamp(line, form)
    return Row(f"{number:>{digits}}{'~' if stamp else mark} {cut(cleaned(text), widest, focus)}", stamp)


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
    """Return the end of `span`, as much as there is room for; at least a line."""
    used = 0
    for index in reversed(span):
        used += writer.cost(index)
        if used > writer.room and index + 1 < span.stop:
            return Span(index + 1, span.stop)
    return span


def first_lines(writer: Writer, span: Span) -> Span:
    """Return the beginning of `span`, as much as there is room for; at least a line."""
    used = 0
    for index in span:
        used += writer.cost(index)
        if used > writer.room and index > span.start:
            return Span(span.start, index)
    return span


def lines_around(writer: Writer, center: int) -> Span:
    """Return lines on both sides of line `center` (an index), in turn, as many as there is room for."""
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
    """Return the room that `span` takes; counting stops above the writer's room."""
    used = 0
    for index in reversed(span):
        used += writer.cost(index)
        if used > writer.room:
            break
    return used


def share(room: int, needs: Sequence[int]) -> list[int]:
    """Divide `room` into equal parts; what one does not need goes to the others."""
    shares = [0] * len(needs)
    waiting = sorted(range(len(needs)), key=lambda index: needs[index])
    for served, index in enumerate(waiting):
        shares[index] = min(room // (len(waiting) - served), needs[index])
        room -= shares[index]
    return shares


def new_nonce() -> str:
    """Return a random text for the marks around a log, which no log can know, so that none can end its frame."""
    return secrets.token_hex(4)


def framed(rows: Iterable[Row], nonce: str) -> str:
    """Return log lines between two marks that hold `nonce`. The first mark says which time stamps are left out."""
    rows = tuple(rows)
    stamps = [row.stamp for row in rows if row.stamp]
    times = " to ".join(dict.fromkeys((stamps[0], stamps[-1]))) if stamps else ""
    left_out = f", without the time stamps of lines marked ~: {times}" if stamps else ""
    return "\n".join((f"<<<log {nonce}{left_out}", *(row.text for row in rows), f"{nonce} log>>>"))
