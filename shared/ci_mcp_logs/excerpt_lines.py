"""Writes the distiller's excerpt as numbered lines that keep to a budget. Pure."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from ci_mcp_logs.evidence import headline
from ci_mcp_logs.numbered_lines import GAP, Row, numbered, room_of, room_of_all

if TYPE_CHECKING:
    from ci_mcp_logs.distill import Excerpt, ExcerptLine, Study
    from ci_mcp_logs.log_text import LogText

_ANY_ROOM = 1 << 30  # tokens
_FEWEST = 20  # of the distiller's tokens; fewer show no line


def write_to_fit(text: LogText, study: Study, exit_code: int, found: Excerpt, room: int, widest: int) -> list[Row]:
    """Write the excerpt's lines; if they do not all fit, distil again for less room, as that may choose other lines.

    The distiller counts by characters. The part of its budget that fits is estimated from the room that the lines of
    the excerpt take as they are written.
    """
    every = write_excerpt(text, found, _ANY_ROOM, widest)
    need = room_of_all(every)
    if need <= room:
        return every
    fewer = study.excerpt(exit_code, max(_FEWEST, found.tokens * room // need))
    return write_excerpt(text, fewer, room, widest, headline(found))


def write_excerpt(text: LogText, found: Excerpt, room: int, widest: int, first: ExcerptLine | None = None) -> list[Row]:
    """Write the excerpt's lines, as many as there is room for, in the order of the log.

    `first` is chosen before all others, then the heaviest blocks.
    """
    # Numbers that count from the end are the longer, the earlier their lines.
    widest_number = text.last if text.first > 0 else text.first + min((line.number for line in found.lines), default=1)
    digits = len(str(widest_number))
    kept: dict[int, tuple[ExcerptLine, Row]] = {}
    groups = [block.lines for block in found.by_weight]
    for group in [(first,), *groups] if first else groups:
        for line in group:
            if line.number in kept:
                continue
            number = text.first + line.number - 1
            row = numbered(number, digits, text.lines[line.number - 1], widest, form=text.stamps)
            if line.times > 1:
                row = row._replace(text=f"{row.text}  [{line.times} times]")
            room -= room_of(row.text)
            if room < 0:
                return _with_gaps(kept)
            kept[line.number] = line, row
        room -= room_of(GAP.text)
    return _with_gaps(kept)


def _with_gaps(kept: dict[int, tuple[ExcerptLine, Row]]) -> list[Row]:
    """Return the rows in order, with a gap where lines between them are left out."""
    lines = [kept[number] for number in sorted(kept)]
    rows = [row for _, row in lines[:1]]
    for (before, _), (after, row) in pairwise(lines):
        rows += [row] if after.number == before.number + before.times else [GAP, row]
    return rows


def count_lines(rows: list[Row]) -> int:
    """Return how many of the written rows are lines of the log, without gaps."""
    return sum(row != GAP for row in rows)
