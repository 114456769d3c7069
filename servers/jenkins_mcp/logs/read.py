"""The tool `jenkins_get_build_log`: parts of the log of a build or of a stage, within a budget."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import anyio.to_thread

from ci_mcp_kit.concurrency import for_each
from ci_mcp_kit.errors import InvalidInput, NotFound
from ci_mcp_logs.answer_text import bounded, size_of
from ci_mcp_logs.ci_markup import stamps_room
from ci_mcp_logs.cursors import Cursor
from ci_mcp_logs.line_budget import LEAST_ROOM, Span, framed, new_nonce, room_of
from ci_mcp_logs.windows import Window, pick_windows
from jenkins_mcp.client.service_descriptor import JENKINS
from jenkins_mcp.logs.log_cursor import AGAIN, LogCursor, decode
from jenkins_mcp.logs.reader import END, MOST, LogReader, Place, Reading
from jenkins_mcp.logs.step_lookup import CONSOLE, FAILED, StepRef, find_steps
from jenkins_mcp.logs.views import BuildLogView, LogSection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_mcp_logs.line_budget import Writer
    from jenkins_mcp.client.names import JobName
    from jenkins_mcp.logs.target_build import Target

TOKENS_A_STEP: Final = 250  # below it, the end of a step says too little
MOST_STEPS: Final = 6  # each costs a request
SLACK: Final = 16  # tokens: an answer's numbers may have more digits than those of its frame
LIST_PART: Final = 3  # a list of other steps takes at most this part of an answer
WIDE: Final = Place(2**40, 2**30, 2**30)  # whose cursor is as long as they get

IF_CUT: Final = "jenkins_search_build_log finds a line; cursor reads on"
RUNNING: Final = "The build still runs: call again with cursor for what it prints next"


@dataclass(frozen=True, slots=True)
class LogRequest:
    """Which part of which log is asked for."""

    stage: str | None
    window: Window
    cursor: str | None
    token_budget: int


@dataclass(frozen=True, slots=True)
class Page:
    """The parts of an answer apart from log text."""

    job: JobName
    number: int
    result: str
    nonce: str
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A log that is shown; without `reading` the note says why it is not there."""

    ref: StepRef
    reading: Reading | None
    note: str = ""


def request_of(
    stage: str | None, tail: int | None, head: int | None, around: int | None, cursor: str | None, token_budget: int
) -> LogRequest:
    """Return the request that the arguments describe.

    Raises:
        InvalidInput: more than one of those that say which part is given.
    """
    given = {"tail": tail, "head": head, "around": around, "cursor": cursor}
    names = [name for name, value in given.items() if value is not None]
    if len(names) > 1:
        raise InvalidInput(
            f"{' and '.join(names)} were given together",
            next_step="Give one of tail, head, around and cursor, or none for the end",
            service=JENKINS,
        )
    window = Window()
    if tail is not None:
        window = Window("tail", tail)
    elif head is not None:
        window = Window("head", head)
    elif around is not None:
        window = Window("around", around)
    return LogRequest(stage, window, cursor, token_budget)


async def show_log(target: Target, ask: LogRequest) -> BuildLogView:
    """Answer `jenkins_get_build_log`."""
    if ask.cursor is not None:
        return await _resume(target, ask, decode(target.job, ask.cursor))
    chosen, others = [CONSOLE], list[str]()
    if ask.stage is not None:
        chosen, others = _choose(await find_steps(target.client, target.job, target.number, ask.stage), ask)
    if ask.window.kind == "around" and len(chosen) > 1:
        raise InvalidInput(
            "around is a line of one step's log, and the stage has several",
            next_step=f"Give one step as stage: {', '.join(ref.label for ref in chosen)}",
            service=JENKINS,
        )

    async def read(ref: StepRef) -> Part:
        reader = LogReader(target.client, target.job, target.number, ref.node)
        try:
            return Part(ref, await _read(reader, ask.window))
        except NotFound:
            if len(chosen) == 1:
                raise
            return Part(ref, None, "it printed nothing")

    parts = await for_each(chosen, read)
    window, shown = ask.window, parts[0].reading
    if window.kind == "around" and window.at < 0 and shown and shown.text.first > 0:
        window = replace(window, at=shown.text.last + 1 + window.at)
    return await _compose(target, ask, window, parts, others)


def _choose(steps: Sequence[StepRef], ask: LogRequest) -> tuple[list[StepRef], list[str]]:
    """Choose the failed steps, or all where none failed, and name the others."""
    wanted = [ref for ref in steps if ref.status in FAILED] or list(steps)
    most = max(1, min(MOST_STEPS, ask.token_budget // TOKENS_A_STEP))
    chosen = wanted[-most:]
    return chosen, [f"{ref.label}: {ref.status}" for ref in steps if ref not in chosen]


async def _read(reader: LogReader, window: Window) -> Reading:
    if window.kind == "head":
        return await reader.read_from(Place(), END)
    if window.kind == "around" and window.at > 0:
        return await reader.read_from(Place(), MOST)
    reading = await reader.read_end()
    if window.kind == "around" and reading.base.base and window.at < reading.text.first:
        return await reader.read_all()
    return reading


async def _resume(target: Target, ask: LogRequest, cursor: LogCursor) -> BuildLogView:
    """Go on where an answer ended."""
    if cursor.build != target.number:
        raise InvalidInput(
            f"The cursor belongs to build {cursor.build}, not to build {target.number}",
            next_step=AGAIN,
            service=JENKINS,
        )
    reader = LogReader(target.client, target.job, target.number, cursor.step)
    place = cursor.place
    if cursor.back and place.index == 0 and place.base:
        reading = await reader.read_before(place)
        line = len(reading.text.lines)
    else:
        reading = await reader.read_from(place)
        line = min(place.index, len(reading.text.lines))
    line += reading.text.first - cursor.back
    window = Window("cursor", cursor=Cursor((), line, cursor.back))
    return await _compose(target, ask, window, [Part(StepRef(node=cursor.step), reading)], [])


async def _compose(
    target: Target, ask: LogRequest, window: Window, parts: list[Part], others: list[str]
) -> BuildLogView:
    result = target.build.result if target.build else ""
    listed = bounded(others, ask.token_budget // LIST_PART, room_of)
    page = Page(target.job, target.number, result, new_nonce(), tuple(listed))
    return await anyio.to_thread.run_sync(compose, page, parts, window, ask.token_budget)


def compose(page: Page, parts: Sequence[Part], window: Window, token_budget: int) -> BuildLogView:
    """Return the answer: the windows of all logs, sharing what is left of the budget.

    Raises:
        InvalidInput: the window is around a line that the log does not have.
    """
    if _room(page, parts, token_budget) < LEAST_ROOM * len(parts):
        page = replace(page, steps=())
    while len(parts) > 1 and _room(page, parts, token_budget) < LEAST_ROOM * len(parts):
        parts = parts[1:]
    if _room(page, parts, token_budget) < LEAST_ROOM:
        parts = [replace(part, ref=StepRef(node=part.ref.node)) for part in parts]
    room = max(LEAST_ROOM, _room(page, parts, token_budget))
    texts = [part.reading.text for part in parts if part.reading]
    picked = iter(pick_windows(texts, window, room, token_budget))
    return _view(page, [_section(page, part, *next(picked)) if part.reading else _frame(page, part) for part in parts])


def _room(page: Page, parts: Sequence[Part], budget: int) -> int:
    """Return the room for log lines, after everything else at its longest."""
    stamps = sum(stamps_room(part.reading.text.stamps) for part in parts if part.reading)
    return budget - size_of(_view(page, [_frame(page, part) for part in parts])) - stamps - SLACK * len(parts)


def _view(page: Page, sections: Sequence[LogSection]) -> BuildLogView:
    running = any(section.running for section in sections)
    is_cut = any(section.cursor or section.cursor_back for section in sections)
    return BuildLogView(
        job=str(page.job),
        number=page.number,
        result=page.result,
        running=running or None,
        logs=tuple(sections),
        steps=page.steps,
        next_step=RUNNING if running else IF_CUT if is_cut else "",
    )


def _frame(page: Page, part: Part) -> LogSection:
    """Return a section without lines whose other parts are as long as they can be."""
    if part.reading is None:
        return LogSection(**part.ref.fields(part.note))
    text, cursor = part.reading.text, LogCursor(page.number, part.ref.node, WIDE, back=True).encode(page.job)
    return LogSection(
        **part.ref.fields(part.note),
        first_line=text.first,
        last_line=text.last,
        total_lines=text.last,
        bytes=part.reading.size,
        running=text.running or None,
        end=True,
        cursor=cursor,
        cursor_back=cursor,
        log=framed([], page.nonce),
    )


def _section(page: Page, part: Part, writer: Writer, span: Span) -> LogSection:
    reading = part.reading
    if reading is None:
        return _frame(page, part)
    text, base = reading.text, reading.base
    ends = span.stop >= len(text.lines) and not reading.is_cut
    shown = len(span) > 0
    onward = LogCursor(page.number, part.ref.node, reading.place(span.stop))
    backward = LogCursor(page.number, part.ref.node, replace(base, index=span.start), back=True)
    is_whole = base.base == 0 and not reading.is_cut
    return LogSection(
        **part.ref.fields(part.note),
        first_line=text.first + span.start if shown else None,
        last_line=text.first + span.stop - 1 if shown else None,
        total_lines=len(text.lines) if is_whole else None,
        bytes=reading.size,
        running=text.running or None,
        end=(ends and not text.running) or None,
        cursor=onward.encode(page.job) if text.running or not ends else "",
        cursor_back=backward.encode(page.job) if span.start or base.base else "",
        log=framed((writer.line(index) for index in span), page.nonce) if shown else "",
    )
