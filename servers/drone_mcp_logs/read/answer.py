"""Writes the answer of a reading within its budget: parts of logs, with cursors to go on. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ci_mcp_logs.answer_text import bounded, size_of
from ci_mcp_logs.ci_markup import stamps_room
from ci_mcp_logs.cursors import Cursor, encode
from ci_mcp_logs.line_budget import (
    LEAST_ROOM,
    Span,
    Writer,
    framed,
    room_of,
)
from ci_mcp_logs.windows import pick_windows
from drone_mcp_diagnosis.steps import described, nameless
from drone_mcp_logs.read.views import BuildLogsView, StepLogView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_mcp_logs.log_text import LogText
    from ci_mcp_logs.windows import Window
    from drone_mcp_build.failed_steps import StepRef
    from drone_mcp_diagnosis.step_reader import LogReading

_SLACK = 16  # tokens: an answer's numbers may have more digits than those of its frame
_LIST_PART = 3  # a list of other steps takes at most this part of an answer


@dataclass(frozen=True, slots=True)
class Page:
    """The parts of an answer apart from log text; `if_cut` is the next step where lines are left out."""

    repo: str
    number: int
    nonce: str
    status: str = ""
    summary: str = ""
    steps: tuple[str, ...] = ()
    next_step: str = ""
    if_cut: str = ""


def compose(page: Page, readings: Sequence[LogReading], window: Window, token_budget: int) -> BuildLogsView:
    """Return the answer: the windows of all readings, sharing the rest of the budget; steps without room are dropped.

    Raises:
        InvalidInput: the window is around a line that the log does not have.
    """
    page, readings = _fitting(page, readings, window, token_budget)
    room = max(LEAST_ROOM, _room(page, readings, window, token_budget))
    picked = iter(pick_windows([reading.text for reading in readings if reading.text], window, room, token_budget))
    parts = [(reading, *(next(picked) if reading.text else (None, Span(0, 0)))) for reading in readings]
    return _view(page, [_section(page, *part) for part in parts])


def _fitting(
    page: Page, readings: Sequence[LogReading], window: Window, budget: int
) -> tuple[Page, Sequence[LogReading]]:
    """Drop the parts that leave too little room for lines: steps from the last on, then other words, then names."""
    listed, shown = page.steps, list(readings)
    page = _listing(page, listed, budget)
    while len(shown) > 1 and _room(page, shown, window, budget) < LEAST_ROOM * len(shown):
        ref = shown.pop().ref
        listed = (f"{ref.label}: {ref.step.status}, log not shown here", *listed)
        page = _listing(page, listed, budget)
    if _room(page, shown, window, budget) < LEAST_ROOM:
        page = replace(page, summary="", steps=(), next_step="", if_cut="")
    if _room(page, shown, window, budget) < LEAST_ROOM:
        page = replace(page, status="")
        shown = [_plainest(reading) for reading in shown]
    return page, shown


def _plainest(reading: LogReading) -> LogReading:
    """Drop the parts that are not needed to read the log, and the time stamps that its frame would name."""
    text = reading.text and reading.text.with_stamps()
    return replace(reading, ref=nameless(reading.ref), text=text, why="")


def _listing(page: Page, steps: Sequence[str], budget: int) -> Page:
    """Give the list of other steps its part of the budget."""
    return replace(page, steps=tuple(bounded(steps, budget // _LIST_PART, room_of)))


Part = tuple["LogReading", "Writer | None", Span]


def _room(page: Page, readings: Sequence[LogReading], window: Window, budget: int) -> int:
    """Return the room for log lines next to everything else at its longest."""
    frames = [_frame(page, reading, window) for reading in readings]
    stamps = sum(stamps_room(reading.text.stamps) for reading in readings if reading.text)
    return budget - size_of(_view(page, frames)) - stamps - _SLACK * len(readings)


def _view(page: Page, sections: Sequence[StepLogView]) -> BuildLogsView:
    is_cut = any(section.truncated for section in sections)
    return BuildLogsView(
        repo=page.repo,
        number=page.number,
        status=page.status,
        summary=page.summary,
        logs=tuple(sections),
        steps=page.steps,
        next_step=page.next_step or (page.if_cut if is_cut else ""),
    )


def _frame(page: Page, reading: LogReading, window: Window) -> StepLogView:
    """Return a section without lines whose other parts are as long as they can be."""
    to_end, from_start = window.kind in {"end", "tail"}, window.kind == "head"
    ref, text = reading.ref, reading.text
    if text is None:
        return _section(page, reading, None, Span(0, 0))
    return StepLogView(
        **described(ref, reading.why),
        first_line=text.last,
        last_line=text.last,
        total_lines=text.last,
        bytes=text.size,
        truncated=True,
        head_lost=text.head_lost or None,
        running=text.running or None,
        end=not text.running or None,
        cursor=_onward(page, ref, text, len(text.lines)) if text.running or not to_end else "",
        cursor_back="" if from_start else _backward(page, ref, text, len(text.lines)),
        log=framed([], page.nonce),
    )


def _section(page: Page, reading: LogReading, writer: Writer | None, span: Span) -> StepLogView:
    ref, text = reading.ref, reading.text
    if text is None or writer is None:
        return StepLogView(**described(ref, reading.why))
    ends = span.stop >= len(text.lines)
    shown = len(span) > 0
    return StepLogView(
        **described(ref, reading.why),
        first_line=text.first + span.start if shown else None,
        last_line=text.first + span.stop - 1 if shown else None,
        total_lines=text.last,
        bytes=text.size,
        truncated=len(span) < len(text.lines),
        head_lost=text.head_lost or None,
        running=text.running or None,
        end=(ends and not text.running) or None,
        cursor=_onward(page, ref, text, span.stop) if text.running or not ends else "",
        cursor_back=_backward(page, ref, text, span.start) if span.start else "",
        log=framed((writer.line(index) for index in span), page.nonce) if shown else "",
    )


def _onward(page: Page, ref: StepRef, text: LogText, stop: int) -> str:
    """Return the cursor to the lines from index `stop` on."""
    if text.running and stop >= len(text.lines):
        return _cursor(page, ref, *text.resume)
    return _cursor(page, ref, text.first + stop, text.starts[stop] if text.running else -1)


def _backward(page: Page, ref: StepRef, text: LogText, start: int) -> str:
    """Return the cursor to the lines before index `start`, backwards."""
    index = max(0, start - 1)
    pos = text.starts[index] if index < len(text.starts) else -1
    return _cursor(page, ref, text.first + index, pos, back=True)


def _cursor(page: Page, ref: StepRef, line: int, pos: int, *, back: bool = False) -> str:
    return encode(page.repo, Cursor((page.number, ref.stage.number, ref.step.number), line, back, pos))
