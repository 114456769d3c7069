"""Reads what an agent worked on, a page at a time, also after its deletion."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.errors import Conflict
from ci_mcp_kit.outgoing_text import one_line
from coder_client import calls
from coder_client.errors import CODER
from fleet_mcp.quoting import ADDRESS_WIDTH, describe_outcome, fit, minute, quote_line
from fleet_mcp.reading.agent_state import state_of, state_of_build
from fleet_mcp.reading.showing import full_name
from fleet_mcp.reading.views import TaskHistory, TaskLine
from fleet_mcp.rules.contract import find_newest_report, find_report, read_assignment
from fleet_mcp.rules.past_tasks import BUILDS, Cursor, Page, read_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coder_client.models import Build, Workspace
    from fleet_mcp.access import FleetAccess
    from fleet_mcp.rules.contract import Assignment
    from fleet_mcp.rules.past_tasks import Run

BUDGET: Final = 2_000  # tokens
WIDTHS: Final = (160, 100, 60, 30)
UNCHANGED: Final = " (as before this run: perhaps of an earlier one)"


async def read_history(access: FleetAccess, agent: str, cursor: str | None, now: float) -> TaskHistory:
    """Return a page of an agent's tasks, newest first.

    A page takes one request. The first one takes another where this process has not read the agent before, as Coder
    lists builds by the id of a workspace, and another for how an agent stands that stopped without an outcome.
    """
    place, present = Cursor.parse(cursor) if cursor else None, ""
    if place is None:
        name, workspace, page, present = await _read_first(access, agent, datetime.fromtimestamp(now, UTC))
    else:
        # A cursor that this process has not given may be made up, or its name another agent's by now.
        if not access.knows(place.agent, place.workspace):
            named = (await access.find(place.agent, include_deleted=True))[0]
            if named.id != place.workspace:
                step = "Read its history anew"
                raise Conflict(f"{place.agent} is another agent by now", next_step=step, service=CODER)
        name, workspace = place.agent, place.workspace
        page, _ = await _read_page(access, workspace, place)
    following = Cursor(name, workspace, page.before, page.newest) if page.before else None

    def describe(width: int) -> TaskHistory:
        lines = tuple(_describe_run(run, present, width) for run in page.runs)
        notes = () if lines else ("It has had no task",)
        return TaskHistory(agent=name, tasks=lines, next_cursor=str(following or ""), notes=notes)

    return fit(describe, WIDTHS, BUDGET)


async def _read_first(access: FleetAccess, agent: str, now: datetime) -> tuple[str, str, Page, str]:
    """Return name and id of an agent, its first page, and how the newest run stands where no build has recorded it."""
    known = access.recall(agent)
    if known is not None:
        page, builds = await _read_page(access, known[1])
        newest = next(iter(builds), None)
        is_gone = newest is None or (newest.transition, newest.job.status) == ("delete", "succeeded")
        # The builds may be those of a deleted agent that had the name, or of one that has another name by now.
        if newest and not is_gone and f"{newest.workspace_owner_name}/{newest.workspace_name}" == known[0]:
            return *known, page, await _describe_present(access, page, builds, None, now)
    found = await access.find(agent, include_deleted=True)
    page, builds = await _read_page(access, found[0].id)
    return full_name(found[0]), found[0].id, page, await _describe_present(access, page, builds, found, now)


async def _read_page(
    access: FleetAccess, workspace: str, place: Cursor | None = None
) -> tuple[Page, tuple[Build, ...]]:
    """Return a page of runs, the first one without a place, and the builds that it was read from."""
    coder, contract = await access.client(), access.settings.contract
    offset, before = (place.offset, place.before) if place else (0, None)
    while True:
        builds = await coder.send(calls.list_builds(workspace, limit=BUILDS, offset=offset))
        # What a cursor names was checked when it was given, but the cursor may be made up.
        shown = (read_assignment(contract, build).project for build in builds)
        if project := next((one for one in shown if one), ""):
            access.scope.check(project)
        page = read_page(contract, builds, offset, before)
        if page is not None:
            return page, builds
        offset += BUILDS


async def _describe_present(
    access: FleetAccess,
    page: Page,
    builds: Sequence[Build],
    found: tuple[Workspace, Assignment] | None,
    now: datetime,
) -> str:
    """Return the state of the newest run, "" where a build has recorded its outcome. `found` is the agent, if read."""
    run = next((run for run in page.runs if run.is_newest), None)
    if run is None or run.failed or run.state:
        return ""
    newest = builds[0]
    if (newest.transition, newest.job.status) == ("start", "succeeded"):
        known, report = read_assignment(access.settings.contract, newest), find_newest_report(newest)
        state = state_of_build(access.settings, newest, report, known, now)
    else:
        # What was reported before a build that ended or failed is shown by the workspace alone.
        workspace, known = found or await access.find_by_id(newest.workspace_id)
        report, state = find_report(workspace), state_of(access.settings, workspace, known, now)
    said = f", last report {describe_outcome(report.state, report.message)}" if report else ""
    return f"now {state.text}{said}"


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
