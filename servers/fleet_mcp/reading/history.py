"""Reads what an agent worked on, a page at a time, also after its deletion."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.cleaning import one_line
from ci_mcp_kit.errors import Conflict
from coder_client import calls
from coder_client.errors import CODER
from fleet_mcp.formatting import ADDRESS_WIDTH, describe_outcome, fit, minute, quote_line
from fleet_mcp.reading.showing import full_name, state_of
from fleet_mcp.reading.views import TaskHistory, TaskLine
from fleet_mcp.rules.contract import find_report, read_assignment
from fleet_mcp.rules.history import BUILDS, Cursor, Page, read_page

if TYPE_CHECKING:
    from coder_client.models import Build, Workspace
    from fleet_mcp.access import FleetAccess
    from fleet_mcp.rules.contract import Assignment
    from fleet_mcp.rules.history import Run

BUDGET: Final = 2_000  # tokens
WIDTHS: Final = (160, 100, 60, 30)
UNCHANGED: Final = " (as before this run: perhaps of an earlier one)"


async def read_history(access: FleetAccess, agent: str, cursor: str | None, now: float) -> TaskHistory:
    """Return a page of an agent's tasks, newest first.

    The first page takes two requests, because the id of the agent is not known yet; each other takes one.
    """
    place = Cursor.parse(cursor) if cursor else None
    present = ""
    if place is None or not access.knows(place.agent, place.workspace):
        workspace, known = await access.find(agent if place is None else place.agent, include_deleted=True)
        if place is not None and workspace.id != place.workspace:
            raise Conflict(f"{place.agent} is another agent by now", next_step="Read its history anew", service=CODER)
        access.remember(full_name(workspace), workspace.id)
        present = _describe_present(access, workspace, known, datetime.fromtimestamp(now, UTC))
        name, workspace_id = full_name(workspace), workspace.id
    else:
        name, workspace_id = place.agent, place.workspace
    page = await _read_page(access, workspace_id, place)
    following = Cursor(name, workspace_id, page.before, page.newest) if page.before else None

    def describe(width: int) -> TaskHistory:
        lines = tuple(_describe_run(run, present, width) for run in page.runs)
        notes = () if lines else ("It has had no task",)
        return TaskHistory(agent=name, tasks=lines, next_cursor=str(following or ""), notes=notes)

    return fit(describe, WIDTHS, BUDGET)


async def _read_page(access: FleetAccess, workspace: str, place: Cursor | None) -> Page:
    coder, contract = await access.client(), access.settings.contract
    offset, before = (place.offset, place.before) if place else (0, None)
    while True:
        builds = await coder.send(calls.list_builds(workspace, limit=BUILDS, offset=offset))
        _check_scope(access, builds)
        page = read_page(contract, builds, offset, before)
        if page is not None:
            return page
        offset += BUILDS


def _check_scope(access: FleetAccess, builds: tuple[Build, ...]) -> None:
    """Refuse builds of another project: what a cursor names was checked when it was given, but may be made up."""
    shown = (read_assignment(access.settings.contract, build).project for build in builds)
    project = next((one for one in shown if one), "")
    if project:
        access.scope.check(project)


def _describe_present(access: FleetAccess, workspace: Workspace, known: Assignment, now: datetime) -> str:
    """Return the state of the newest run, for which no later build has recorded an outcome."""
    report = find_report(workspace)
    state = state_of(access, workspace, known, now).text
    if report is None:
        return f"now {state}"
    return f"now {state}, last report {describe_outcome(report.state, report.message)}"


def _describe_run(run: Run, present: str, width: int) -> TaskLine:
    outcome = describe_outcome(run.state, run.message, width)
    if run.failed:
        outcome = f"did not start: {quote_line(run.failed, width)}"
    elif run.is_unchanged:
        outcome += UNCHANGED
    elif not outcome:
        outcome = present if run.is_newest else "not recorded"
    return TaskLine(
        build=run.number,
        started=minute(run.started),
        ended=minute(run.ended),
        task=quote_line(run.task, width),
        outcome=outcome,
        pull_request=one_line(run.pull_request, ADDRESS_WIDTH),
    )
