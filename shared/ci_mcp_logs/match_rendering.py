"""Writes the matches of a search as numbered lines that keep to a budget. Pure."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from ci_mcp_logs.line_budget import GAP, Row, numbered, room_of_all
from ci_mcp_logs.search import lines_near

if TYPE_CHECKING:
    from ci_mcp_logs.search import SearchResult


def write_matches(result: SearchResult, *, most: int, context: int, room: int, widest: int) -> tuple[list[Row], int]:
    """Write the first matches with their surroundings, as many as there is room for.

    Where not even one fits with `context` lines on either side, matches are written alone.

    Returns:
        The lines, and how many matches are among them.
    """
    for around in (context, 0) if context else (0,):
        # The room that matches take grows with their number, so the most that fit are found by halving.
        low, high = 0, min(most, len(result.matches))
        while low < high:
            middle = (low + high + 1) // 2
            fits = room_of_all(_written(result, middle, around, widest)) <= room
            low, high = (middle, high) if fits else (low, middle - 1)
        if low:
            return _written(result, low, around, widest), low
    return [], 0


def _written(result: SearchResult, most: int, context: int, widest: int) -> list[Row]:
    """Write the first `most` matches and the lines around them, with gaps between those that are apart.

    A match keeps its time stamp: that may be what was searched for, or what is asked.
    """
    foci = {match.index: match.focus for match in result.matches}
    indexes = lines_near((match.index for match in result.matches[:most]), context, result.last - result.first + 1)
    after_gap = {index for before, index in pairwise(indexes) if index > before + 1}
    digits = len(str(result.last))
    rows: list[Row] = []
    for index in indexes:
        number, line = result.first + index, result.lines[index]
        rows += [GAP] if index in after_gap else []
        if index in foci:
            rows.append(numbered(number, digits, line, widest, mark=">", focus=foci[index]))
        else:
            rows.append(numbered(number, digits, line, widest, form=result.stamps))
    return rows
