"""How an agent of a fleet stands: the derived state, by the settings of the fleet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleet_mcp.rules.state import State, choose_agent, derive_state

if TYPE_CHECKING:
    from datetime import datetime

    from coder_client.models import AppStatus, Build, Workspace
    from fleet_mcp.rules.contract import Assignment
    from fleet_mcp.settings import FleetSettings


def state_of(settings: FleetSettings, workspace: Workspace, known: Assignment, now: datetime) -> State:
    """Return the state of an agent."""
    return state_of_build(settings, workspace.latest_build, workspace.latest_app_status, known, now)


def state_of_build(
    settings: FleetSettings, build: Build, report: AppStatus | None, known: Assignment, now: datetime
) -> State:
    """Return the state of an agent by its latest build and its last report."""
    process = choose_agent(build, settings.contract.app)
    has_task = bool(known.task)
    return derive_state(build, report, process, now=now, quiet_after=settings.quiet_after, has_task=has_task)
