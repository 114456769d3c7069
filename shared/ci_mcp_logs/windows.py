"""Windows: which lines of a log an answer shows, from its end, its beginning, around a line or from a cursor. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from ci_mcp_kit.errors import InvalidInput
from ci_mcp_logs.line_budget import (
    Span,
    Writer,
    first_lines,
    last_lines,
    lines_around,
    need,
    share,
    width_for,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_mcp_logs.cursors import Cursor
    from ci_mcp_logs.log_text import LogText


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a log is asked for; `at` is a count of lines for tail and head, a line for around."""

    kind: Literal["end", "tail", "head", "around", "cursor"] = "end"
    at: int = 0
    cursor: Cursor | None = None


def range_of(window: Window, text: LogText) -> Span:
    """Return the lines from which `window` picks.

    Raises:
        InvalidInput: it is around a line that the log does not have.
    """
    total = len(text.lines)
    match window.kind:
        case "tail":
            return Span(max(0, total - window.at), total)
        case "head":
            return Span(0, min(window.at, total))
        case "around" if not text.first <= window.at <= text.last:
            raise InvalidInput(
                f"There is no line {window.at}: the log has the lines {text.first} to {text.last}",
                next_step="Call again with around inside them, or with tail",
            )
    if window.cursor is None:
        return Span(0, total)
    place = _index_of(window.cursor, text)
    return Span(0, place) if window.cursor.back else Span(place, total)


def _index_of(cursor: Cursor, text: LogText) -> int:
    """Return the index of the first line to show, or going backwards, the one behind the last."""
    if text.running and text.head_lost and cursor.live:
        # Where the beginning has dropped out, line numbers shift from one reading to the next; positions do not.
        place = bisect_right(text.starts, cursor.pos) if cursor.back else bisect_left(text.starts, cursor.pos)
    else:
        # A live log's line numbers count from the beginning, those of a stored log without its head do not.
        shift = text.first_pos if cursor.live and text.head_lost else text.first - 1
        place = cursor.line - shift - (0 if cursor.back else 1)
    return max(0, min(place, len(text.lines)))


def pick_lines(window: Window, writer: Writer) -> Span:
    """Return the lines of `window` for which the writer has room."""
    candidates = range_of(window, writer.text)
    if not len(candidates):
        return candidates
    if window.kind == "around":
        return lines_around(writer, window.at - writer.text.first)
    backwards = window.kind in {"end", "tail"} or (window.cursor is not None and window.cursor.back)
    return last_lines(writer, candidates) if backwards else first_lines(writer, candidates)


def pick_windows(texts: Sequence[LogText], window: Window, room: int, token_budget: int) -> list[tuple[Writer, Span]]:
    """Return for each log the lines of `window` that fit where all share the room by need, and who writes them."""
    # One width for all, which fits into an equal part: what a log needs is then what it takes.
    widest = width_for(room // max(1, len(texts)), token_budget)
    writers = [Writer(text, room, widest) for text in texts]
    # Around a line both sides may be wanted whole, so that the needs are not known beforehand.
    needs = [need(writer, range_of(window, writer.text)) for writer in writers]
    shares = [room] if window.kind == "around" else share(room, needs)
    writers = [replace(writer, room=part) for writer, part in zip(writers, shares, strict=True)]
    return [(writer, pick_lines(window, writer)) for writer in writers]
