"""Writes the distiller's excerpt as numbered lines that keep to a budget. Pure."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from ci_mcp_logs.evidence import headline
from drone_mcp_logs.common.numbered_lines import GAP, Row, numbered, room_of, room_of_all

if TYPE_CHECKING:
    from ci_mcp_logs.distill import Excerpt, Shown, Study
    from ci_mcp_logs.log_text import LogText

_ANY_ROOM = 1 << 30  # tokens
_FEWEST = 20  # of the distiller's tokens; fewer show no line


def written_to_fit(text: LogText, study: Study, exit_code: int, found: Excerpt, room: int, widest: int) -> list[Row]:
    """Write the excerpt's lines; if they do not all fit, distil again for less room, as that may choose other lines.

    The distiller counts by characters. How much of that there is room for follows from what its lines take as written.
    """
    every = written(text, found, _ANY_ROOM, widest)
    need = room_of_all(every)
    if need <= room:
        return every
    fewer = study.excerpt(exit_code, max(_FEWEST, found.tokens * room // need))
    return written(text, fewer, room, widest, headline(found))


def written(text: LogText, found: Excerpt, room: int, widest: int, first: Shown | None = None) -> list[Row]:
    """Write the excerpt's lines, as many as there is room for, in the order of the log.

    `first` goes before all others, then the heaviest blocks.
    """
    kept: dict[int, tuple[Shown, Row]] = {}
    groups = [block.lines for block in found.by_weight]
    for group in [(first,), *groups] if first else groups:
        for shown in group:
            if shown.number in kept:
                continue
            line = _line(text, shown, widest)
            room -= room_of(line.text)
            if room < 0:
                return _with_gaps(kept)
            kept[shown.number] = shown, line
        room -= room_of(GAP.text)
    return _with_gaps(kept)


def _line(text: LogText, shown: Shown, widest: int) -> Row:
    """Write a line as the log has it, and how often it stands there in a row."""
    number, digits = text.first + shown.number - 1, len(str(text.last))
    row = numbered(number, digits, text.lines[shown.number - 1], widest, form=text.stamps)
    return row if shown.times == 1 else row._replace(text=f"{row.text}  [{shown.times} times]")


def _with_gaps(kept: dict[int, tuple[Shown, Row]]) -> list[Row]:
    rows = [kept[number] for number in sorted(kept)]
    written = [line for _, line in rows[:1]]
    for (before, _), (after, line) in pairwise(rows):
        written += [line] if after.number == before.number + before.times else [GAP, line]
    return written


def count_lines(written: list[Row]) -> int:
    """Return how many of the written rows are lines of the log, without gaps."""
    return sum(line != GAP for line in written)
