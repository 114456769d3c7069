"""Shows one agent: its state with what it follows from, its task, its reports and its newest build."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_logs.line_budget import new_nonce
from drone_mcp_client.status import is_failure
from fleet_mcp.quoting import ADDRESS_WIDTH, NAME_WIDTH, describe_outcome, fit, minute, quote_text
from fleet_mcp.reading.agent_state import state_of
from fleet_mcp.reading.drone_builds import describe_build, find_builds
from fleet_mcp.reading.listing import find_link, own_link
from fleet_mcp.reading.views import AgentView
from fleet_mcp.rules.contract import CREATED, find_outcome
from fleet_mcp.rules.state import choose_agent, describe_age

if TYPE_CHECKING:
    from coder_client.models import Agent, Workspace
    from drone_mcp_client.models import Build
    from fleet_mcp.access import FleetAccess
    from fleet_mcp.rules.contract import Assignment

BUDGET: Final = 1_500  # tokens
TASK_WIDTHS: Final = (4_000, 2_000, 800, 200)
MOST_REPORTS: Final = 5
_TOOLS: Final[dict[str, str]] = json.loads((Path(__file__).parents[1] / "next_tools.json").read_text("utf-8"))


async def show_agent(access: FleetAccess, agent: str, now: float) -> AgentView:
    """Return how an agent stands."""
    workspace, known = await access.find(agent, include_deleted=True)
    link = own_link(find_link(workspace, known.pull_request), known.project)
    builds, notes = await find_builds(access.drone(), [link])
    moment, nonce = datetime.fromtimestamp(now, UTC), new_nonce()
    build = builds.get(link) if link else None

    def describe(width: int) -> AgentView:
        return _describe(access, workspace, known, moment, quote_text(known.task, nonce, width), build)

    view = fit(describe, TASK_WIDTHS, BUDGET)
    return view.model_copy(update={"notes": (*view.notes, *notes)})


def full_name(workspace: Workspace) -> str:
    """Return "owner/name" of an agent."""
    return f"{workspace.owner_name}/{workspace.name}"


def _describe(
    access: FleetAccess, workspace: Workspace, known: Assignment, now: datetime, task: str, build: Build | None
) -> AgentView:
    latest = workspace.latest_build
    state = state_of(access.settings, workspace, known, now)
    recorded = known.last_state not in {"", CREATED}
    notes = ["It is dormant"] if workspace.dormant_at else []
    if workspace.outdated:
        notes.append("Its template has a newer version, which its next start takes only if an administrator updates it")
    job = f": {one_line(latest.job.error, ADDRESS_WIDTH)}" if latest.job.error else ""
    return AgentView(
        agent=full_name(workspace),
        state=state.text,
        role=one_line(known.role, NAME_WIDTH),
        project=one_line(known.project, NAME_WIDTH),
        task=task,
        pull_request=one_line(find_outcome(workspace).pull_request or known.pull_request, ADDRESS_WIDTH),
        builds=describe_build(build),
        reports=_describe_reports(choose_agent(latest, access.settings.contract.app), now),
        task_before=describe_outcome(known.last_state, known.last_message) if recorded else "",
        template=workspace.template_name,
        latest_build=f"{latest.build_number} {latest.transition} {latest.job.status} {minute(latest.created_at)}{job}",
        stops_at=minute(latest.deadline) if latest.transition == "start" else "",
        page=f"{access.settings.server}/@{full_name(workspace)}",
        notes=tuple(notes),
        next_step=_next_step(access, state.kind, build),
    )


def _describe_reports(agent: Agent | None, now: datetime) -> tuple[str, ...]:
    every = sorted(
        (status for app in (agent.apps if agent else ()) for status in app.statuses),
        key=lambda status: status.created_at,
        reverse=True,
    )
    return tuple(
        " ".join(
            part
            for part in (
                f"{describe_age(max(0.0, (now - one.created_at).total_seconds()))} ago:",
                describe_outcome(one.state, one.message),
                one_line(one.uri, ADDRESS_WIDTH),
            )
            if part
        )
        for one in every[:MOST_REPORTS]
    )


_STEPS: Final = {
    "build failed": "Read the error of latest_build; an administrator can open page for the log of the build",
    "lost": "Start it again with fleet_start_task: its process is gone, or has no connection",
    "silent": "Read what it says with fleet_get_messages, then answer it or stop its task",
    "failure": "Read what it says with fleet_get_messages",
    "stopped": "Give it work with fleet_start_task, or read what it did with fleet_task_history",
    "deleted": "Read what it did with fleet_task_history",
}


def _next_step(access: FleetAccess, kind: str, build: Build | None) -> str:
    if build is None or not is_failure(build.status):
        return _STEPS.get(kind, "")
    tool = next(
        (name for name in (_TOOLS["diagnose"], _TOOLS["find_builds"]) if name in access.settings.role_tools), ""
    )
    return f"Its build {build.number} is red{f': look into it with {tool}' if tool else ''}"
