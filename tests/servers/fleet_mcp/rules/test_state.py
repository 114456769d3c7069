"""The derived state of an agent: over all that Coder sends, and over words that it does not send yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from coder_client.models import AppStatus, Workspace
from fleet_mcp.rules.state import KINDS, NEEDS_SOMEBODY, REACHABLE, State, choose_agent, derive_state
from support.coder_captures import coder_capture

NOW = datetime(2026, 11, 28, 15, 0, tzinfo=UTC)
QUIET = 600.0
OTHER = "something new"
JOBS = ("pending", "running", "succeeded", "failed", "canceled", "canceling", "unknown", OTHER)
TRANSITIONS = ("start", "stop", "delete", OTHER)
CONNECTIONS = (None, "connecting", "connected", "disconnected", "timeout", OTHER)
LIFECYCLES = (
    "created",
    "starting",
    "start_timeout",
    "start_error",
    "ready",
    "shutting_down",
    "shutdown_timeout",
    "shutdown_error",
    "off",
    OTHER,
)
REPORTS = (None, "working", "idle", "complete", "failure", OTHER)
AGES = (5.0, 5_000.0)
REPORTED = ("working", "idle", "complete", "failure")


def workspace_of(name: str) -> Workspace:
    return Workspace.model_validate(coder_capture(name).body)


def state_of(workspace: Workspace, now: datetime = NOW, *, has_task: bool = True) -> State:
    build, report = workspace.latest_build, workspace.latest_app_status
    return derive_state(build, report, choose_agent(build, "ai"), now=now, quiet_after=QUIET, has_task=has_task)


def make(
    job: str, transition: str, connection: str | None, lifecycle: str, report: str | None, age: float, *, own: bool
) -> Workspace:
    moment = (NOW - timedelta(seconds=age)).isoformat()
    agent = {
        "id": "agent-now",
        "name": "main",
        "status": connection,
        "lifecycle_state": lifecycle,
        "ready_at": moment,
        "apps": [{"slug": "ai"}],
    }
    status = {"created_at": moment, "agent_id": "agent-now" if own else "agent-before", "state": report}
    build: dict[str, Any] = {
        "id": "b",
        "workspace_id": "w",
        "build_number": 2,
        "transition": transition,
        "job": {"status": job},
        "created_at": moment,
        "resources": [{"agents": [agent] if connection else []}],
    }
    return Workspace.model_validate(
        {
            "id": "w",
            "name": "cart",
            "owner_id": "u",
            "owner_name": "mona",
            "template_id": "t",
            "template_name": "dev",
            "created_at": moment,
            "latest_build": build,
            "latest_app_status": status if report else None,
        }
    )


EVERY = list(product(JOBS, TRANSITIONS, CONNECTIONS, LIFECYCLES, REPORTS, AGES, (True, False)))


def test_every_combination_has_a_state_and_a_text() -> None:
    for job, transition, connection, lifecycle, report, age, own in EVERY:
        for has_task in (True, False):
            made = make(job, transition, connection, lifecycle, report, age, own=own)
            state = state_of(made, has_task=has_task)
            assert state.kind in KINDS
            assert state.kind in state.text or state.kind == "silent"


def test_a_reported_state_is_the_state_only_of_an_agent_that_is_connected_and_ready_and_has_said_so_itself() -> None:
    for job, transition, connection, lifecycle, report, age, own in EVERY:
        state = state_of(make(job, transition, connection, lifecycle, report, age, own=own))
        runs = (job, transition, connection, lifecycle) == ("succeeded", "start", "connected", "ready")
        if state.kind in REPORTED:
            assert runs
            assert own
            assert report == state.kind
            assert "reported" in state.text
            assert "ago" in state.text
        if state.kind in REACHABLE:
            assert runs


def test_what_comes_first_decides_whatever_comes_after() -> None:
    by_build: dict[tuple[str, str], set[str]] = {}
    for job, transition, connection, lifecycle, report, age, own in EVERY:
        kind = state_of(make(job, transition, connection, lifecycle, report, age, own=own)).kind
        if job != "succeeded" or transition != "start":
            by_build.setdefault((job, transition), set()).add(kind)
        elif connection in {"disconnected", "timeout"}:
            assert kind == "lost"
    assert {len(kinds) for kinds in by_build.values()} == {1}


def test_a_working_report_that_grows_old_is_no_report() -> None:
    facts = ("succeeded", "start", "connected", "ready", "working")
    assert state_of(make(*facts, QUIET - 1, own=True)).text == "working, reported 9 min ago"
    assert state_of(make(*facts, 14 * 60.0, own=True)).text == "no report for 14 min (was working)"


def test_what_is_not_known_is_never_taken_for_well() -> None:
    for job, transition, connection, lifecycle, report, age, own in EVERY:
        if OTHER in {job, transition}:
            made = make(job, transition, connection, lifecycle, report, age, own=own)
            assert state_of(made).kind in {*NEEDS_SOMEBODY, "pending", "canceling", "build canceled"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("workspaces/get-agent-disconnected", "lost for 20 min (was working)"),
        ("workspaces/get-after-server-restart", "lost"),
        ("workspaces/get-stopped", "stopped for"),
        ("contract/workspace-stopped", "stopped for 10 min (was failure)"),
        ("contract/list-of-deleted-by-name", "deleted for 9 min (was failure)"),
        ("builds/failed-prompt-too-long", "start build failed for"),
        ("builds/canceled", "stop build canceled for"),
        ("builds/start-while-running-agent-ready", "lost"),
        ("builds/after-start-while-running", "connecting"),
        ("workspaces/get-built-agent-connecting", "starting"),
        ("workspaces/get-while-starting", "starting for"),
        ("workspaces/get-while-deleting", "deleting for"),
        ("workspaces/create", "start pending for"),
    ],
)
def test_states_of_a_real_coder_that_mislead_are_told_as_they_are(name: str, text: str) -> None:
    now = datetime(2026, 11, 28, 14, 59, 4, tzinfo=UTC)
    assert state_of(workspace_of(name), now).text.startswith(text)


def test_the_report_of_the_run_before_is_not_taken_for_the_present_ones() -> None:
    workspace = workspace_of("contract/workspace-second-task")
    assert workspace.latest_app_status
    assert workspace.latest_app_status.state == "complete"
    ready = datetime(2026, 11, 28, 14, 49, 30, tzinfo=UTC)
    assert state_of(workspace, ready).text == "ready for 26 s"
    assert state_of(workspace, ready + timedelta(minutes=14)).text == "no report for 14 min"


def test_the_one_that_most_needs_somebody_comes_first() -> None:
    kinds = ["complete", "silent", "working", "lost", "stopped"]
    assert sorted(kinds, key=lambda kind: State(kind).rank) == ["lost", "silent", "working", "complete", "stopped"]


def test_the_agent_is_the_one_with_the_application_and_no_sub_agent() -> None:
    agents = [
        {"id": "1", "name": "sub", "status": "connected", "parent_id": "2"},
        {"id": "2", "name": "main", "status": "connected", "apps": [{"slug": "ai"}]},
    ]
    workspace = make("succeeded", "start", "connected", "ready", None, 5, own=True)
    build = workspace.latest_build.model_copy(update={"resources": ()})
    made = type(build).model_validate({**build.model_dump(), "resources": [{"agents": agents}]})
    chosen = choose_agent(made, "ai")
    other = choose_agent(made, "other")
    assert chosen
    assert other
    assert (chosen.name, other.name) == ("main", "main")
    assert choose_agent(build, "ai") is None


def test_a_report_is_parsed_with_its_own_time() -> None:
    report = AppStatus.model_validate({"created_at": "2026-11-28T14:39:03Z", "state": "working"})
    assert report.created_at.tzinfo is not None
