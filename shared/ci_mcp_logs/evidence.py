"""The evidence of a failure in the log of a step: its lines as written, its headline, its places in files. Pure."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from ci_mcp_logs.ci_markup import error_command
from ci_mcp_logs.line_budget import GAP, Row, numbered, room_of, room_of_all

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_mcp_logs.distill import Block, Excerpt, ExcerptLine, Study
    from ci_mcp_logs.log_text import LogText

_COMPLAINT = re.compile(
    r"error|fail|exception|panic|fatal|expected|assert|cannot|can't|could not|undefined|not found|denied|refused|killed"
    r"|time(?:d ?)?out|no such|invalid|missing",
    re.IGNORECASE,
)
_MOST_NEW = 0.5  # part of a log's lines; with more new ones, the good log is one of other work
_ANY_ROOM = 1 << 30  # tokens
_FEWEST = 20  # of the distiller's tokens; fewer show no line


def study_of(text: LogText, good: LogText | None = None) -> Study:
    """Return the study of a log, from which excerpts of any size are taken. Line 1 is the first of `text`.

    `good` is the log of the last good run of the same step; it is ignored where most lines are new.
    """
    from ci_mcp_logs.distill import Study  # noqa: PLC0415 - on first use, to start fast

    return Study(text, good, most_new=_MOST_NEW)


def new_lines(text: LogText, study: Study) -> list[int]:
    """Return the numbers (from 1) of the lines that the good log lacks, apart from numbers and ids."""
    if study.news is None:
        return list(range(1, len(text.lines) + 1))
    return study.news


def complaints_in(blocks: Iterable[Block]) -> list[str]:
    """Return the lines that say that something is wrong, in the order of the blocks; all where none says so."""
    lines = [line.text for block in blocks for line in block.lines]
    return [line for line in lines if _COMPLAINT.search(line)] or lines


def places_of(found: Excerpt) -> tuple[str, ...]:
    """Return the places in source files that the excerpt names, those of the most telling lines first."""
    lines = [*complaints_in(found.by_weight), *(line.text for block in found.by_weight for line in block.lines)]
    reported = (error_command(line) for line in lines)
    places = dict.fromkeys([*(error.place for error in reported if error and error.place), *found.locations])
    paths = {place: place.rpartition(":")[0] for place in places}
    rank = {
        place: next((n for n, line in enumerate(lines) if path in line), len(lines)) for place, path in paths.items()
    }
    return tuple(sorted(places, key=lambda place: rank[place]))


def headline(found: Excerpt) -> ExcerptLine | None:
    """Return the line that even the smallest answer shows: the first complaint of the heaviest block."""
    lines = [line for block in found.by_weight[:1] for line in block.lines]
    return next((line for line in lines if _COMPLAINT.search(line.text)), None)


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

    `first` is chosen before all others, then the blocks with the likeliest lines: the heaviest block, such as a long
    stack trace, would take all of little room.
    """
    # Numbers that count from the end are the longer, the earlier their lines.
    widest_number = text.last if text.first > 0 else text.first + min((line.number for line in found.lines), default=1)
    digits = len(str(widest_number))
    kept: dict[int, tuple[ExcerptLine, Row]] = {}
    groups = [block.lines for block in sorted(found.by_weight, key=lambda block: -block.best)]
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
