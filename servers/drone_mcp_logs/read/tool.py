"""Reads the logs of steps, from their end, a line or a cursor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio.to_thread

from ci_mcp_kit.concurrency import for_each
from ci_mcp_logs.line_budget import new_nonce
from ci_mcp_logs.windows import Window
from drone_mcp_client.errors import InvalidInput, NotFound
from drone_mcp_diagnosis.live_log import LiveRequest, Pace
from drone_mcp_diagnosis.step_reader import LogReading, StepReader
from drone_mcp_diagnosis.steps import find, unknown_ref
from drone_mcp_logs.read import step_cursor
from drone_mcp_logs.read.answer import Page, compose
from drone_mcp_logs.read.step_selection import StepSelection, plan_for_build, plan_for_step

if TYPE_CHECKING:
    from ci_mcp_logs.cursors import Cursor
    from drone_mcp_build.access import BuildAddress
    from drone_mcp_known.client_and_store import KnownAccess
    from drone_mcp_logs.read.views import BuildLogsView

_CHARS_A_TOKEN = 4  # of most texts: more new text than that would not fit the budget


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """A request for logs."""

    what: BuildAddress
    window: Window
    token_budget: int


def window_of(repo: str, tail: int | None, head: int | None, around: int | None, cursor: str | None) -> Window:
    """Return the window that the arguments mean.

    Raises:
        InvalidInput: more than one of them is given, or the cursor is invalid.
    """
    given = {"tail": tail, "head": head, "around": around, "cursor": cursor}
    names = [name for name, value in given.items() if value is not None]
    if len(names) > 1:
        raise InvalidInput(
            f"{' and '.join(names)} were given together",
            next_step="Give one of tail, head, around and cursor, or none for the end",
        )
    if cursor is not None:
        return Window("cursor", cursor=step_cursor.decode(repo, cursor))
    if tail is not None:
        return Window("tail", tail)
    if head is not None:
        return Window("head", head)
    return Window("around", around) if around is not None else Window()


async def show_logs(access: KnownAccess, ask: ReadRequest, pace: Pace) -> BuildLogsView:
    """Answer `drone_get_build_logs`."""
    if ask.window.cursor is not None:
        return await _resume(access, ask, ask.window.cursor, pace)
    if ask.window.kind == "around" and not ask.what.step:
        raise InvalidInput("around is a line of one step's log", next_step="Call again with stage and step as well")
    build = (await access.builds.find(ask.what.repo, ask.what.number)).build
    chosen = find(build, ask.what.stage, ask.what.step)
    plan = plan_for_step(chosen[0]) if ask.what.step else plan_for_build(build, chosen, ask.token_budget)
    reader = StepReader(await access.client(), ask.what.repo, build.number, pace)
    readings = await for_each(plan.read, reader.read)
    if ask.what.step:
        _raise_missing(readings[0])
    return await _compose(ask, build.number, build.status, plan, readings)


async def _resume(access: KnownAccess, ask: ReadRequest, cursor: Cursor, pace: Pace) -> BuildLogsView:
    """Go on where an answer ended. If the step had finished, this sends no request but that for its log."""
    step_cursor.check_build(cursor, ask.what.number)
    number, stage, step = cursor.log
    ref, status = unknown_ref(stage, step), ""
    # The build is read only to learn whether a running step has ended since, or which step a name means.
    if cursor.live or not _is_number(ask.what.stage) or not _is_number(ask.what.step):
        build = (await access.builds.build(ask.what.repo, number)).build
        status = build.status
        ref = find(build, str(stage), str(step))[0]
        if ask.what.stage is not None or ask.what.step is not None:
            named = find(build, ask.what.stage or str(stage), ask.what.step or str(step))[0]
            step_cursor.check_step(cursor, named.stage.number, named.step.number)
    else:
        step_cursor.check_step(cursor, int(ask.what.stage or stage), int(ask.what.step or step))
    # Earlier lines are in the replay already; only for later ones is it worth waiting.
    wish = LiveRequest(0 if cursor.back else cursor.pos, ask.token_budget * _CHARS_A_TOKEN, patient=not cursor.back)
    reading = await StepReader(await access.client(), ask.what.repo, number, pace).read(ref, wish)
    _raise_missing(reading)
    return await _compose(ask, number, status, StepSelection((ref,), if_cut=""), [reading])


def _is_number(text: str | None) -> bool:
    return text is None or (text.isascii() and text.isdigit())


def _raise_missing(reading: LogReading) -> None:
    if isinstance(reading.missing, NotFound):
        raise reading.missing


async def _compose(
    ask: ReadRequest, number: int, status: str, plan: StepSelection, readings: list[LogReading]
) -> BuildLogsView:
    page = Page(ask.what.repo, number, new_nonce(), status, plan.summary, plan.steps, plan.next_step, plan.if_cut)
    return await anyio.to_thread.run_sync(compose, page, readings, ask.window, ask.token_budget)
