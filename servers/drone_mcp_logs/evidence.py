"""What a step's log shows of its failure: the distiller's excerpt, its signature, its lines as they are shown. Pure."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from drone_mcp_logs.signature import signature
from drone_mcp_logs.windows import GAP, Row, numbered, room_of, room_of_all

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drone_mcp_logs.distill import Block, Excerpt, Shown, Study
    from drone_mcp_logs.lines import LogText

_TELLS = re.compile(
    r"error|fail|exception|panic|fatal|expected|assert|cannot|can't|could not|undefined|not found|denied|refused|killed"
    r"|time(?:d ?)?out|no such|invalid|missing",
    re.IGNORECASE,
)
_ANY_ROOM = 1 << 30  # tokens
_FEWEST = 20  # of the distiller's tokens; fewer show no line
_MOST_NEW = 0.5  # of a log's lines
_SIGNED = 1000  # tokens of the excerpt that a signature is taken from, whatever the caller's budget is


def study_of(text: LogText, good: LogText | None = None) -> Study:
    """Read a log, once for all that is asked of it. Line 1 is the first of `text`.

    `good` is the log of the last good run of the same step; where most lines are new, it says nothing of the failure.
    """
    from drone_mcp_logs.distill import Study  # noqa: PLC0415 - on first use, to start fast

    return Study("\n".join(text.lines), "\n".join(good.lines) if good else None, most_new=_MOST_NEW)


def new_lines(text: LogText, study: Study) -> list[int]:
    """Number the lines (from 1) that have no like in the good log, numbers and ids aside."""
    if study.news is None:
        return list(range(1, len(text.lines) + 1))
    return [number for number, _ in study.news]


def signature_of(study: Study, exit_code: int) -> str:
    """Return the signature of the failure that a log tells by itself; "" where it tells none."""
    found = study.excerpt(exit_code, _SIGNED)
    return signature([*found.tests, *_telling(found.by_weight[:1])])


def _telling(blocks: Iterable[Block]) -> list[str]:
    """The lines that say what is wrong, in the order of the blocks; all where none has a word for it."""
    lines = [line.text for block in blocks for line in block.lines]
    return [line for line in lines if _TELLS.search(line)] or lines


def places_of(found: Excerpt) -> tuple[str, ...]:
    """Return the places in source files that the excerpt names, those of the most telling lines first."""
    lines = [*_telling(found.by_weight), *(line.text for block in found.by_weight for line in block.lines)]
    paths = {place: place.rpartition(":")[0] for place in found.locations}
    rank = {
        place: next((n for n, line in enumerate(lines) if path in line), len(lines)) for place, path in paths.items()
    }
    return tuple(sorted(found.locations, key=lambda place: rank[place]))


def headline(found: Excerpt) -> Shown | None:
    """Return the line that must not be missing however little is shown: the heaviest block's first telling one."""
    lines = [line for block in found.by_weight[:1] for line in block.lines]
    return next((line for line in lines if _TELLS.search(line.text)), None)


def written_to_fit(text: LogText, study: Study, exit_code: int, found: Excerpt, room: int, widest: int) -> list[Row]:
    """Write the excerpt's lines; where they do not all fit, distil again: fewer lines are other lines.

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
    """Tell how many lines of the log there are among the written ones."""
    return sum(line != GAP for line in written)
