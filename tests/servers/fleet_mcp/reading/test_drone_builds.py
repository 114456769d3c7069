"""The builds of agents in Drone: red ones are marked, by one further request for each repository."""

from __future__ import annotations

from contextlib import asynccontextmanager
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.coder import SCENARIO, desk_at, running_coder
from support.simulator import running_simulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.coder import FleetDesk
    from support.simulator import SimulatorHandle

WORLD = Path(__file__).parents[3] / "support" / "issues_world.yaml"
PULL = "https://gitea.example.com/octo/hello/pulls/12"
BRANCH = "https://gitea.example.com/octo/hello/src/branch/feature/multiply"


@asynccontextmanager
async def fleet_with_builds(folder: Path, **env: str) -> AsyncIterator[tuple[FleetDesk, SimulatorHandle]]:
    """Serve a Drone, and a fleet whose agents work on its repositories."""
    scenario: dict[str, Any] = deepcopy(SCENARIO)
    common = {"owner": "mona", "template": "claude-dev", "role": "dev", "task": "Multiply"}
    projects = {"one": "octo/hello", "two": "octo/hello", "three": "octo/attic", "four": "octo/hello"}
    scenario["agents"] = {name: {**common, "project": project} for name, project in projects.items()}
    async with running_simulator(WORLD, socket=True) as drone, running_coder(scenario) as coder:
        world = coder.world
        world.report(coder.agent("one"), "working", "Fixing", PULL)
        world.report(coder.agent("two"), "working", "Fixing", BRANCH)
        world.report(coder.agent("three"), "working", "Looking", "https://gitea.example.com/octo/hello/pulls/12")
        environment = {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.admin_token, **env}
        async with desk_at(coder, folder, None, "auto", **environment) as desk:
            drone.forget()
            yield desk, drone


async def test_the_list_marks_red_builds_by_one_request_for_each_repository(tmp_path: Path) -> None:
    async with fleet_with_builds(tmp_path) as (desk, drone):
        answer, requests = await desk.counted("fleet_list_agents")
        asked = [f"{request.method} {request.path}" for request in drone.asked]
    links = {line.split(" | ")[0]: line.split(" | ")[-1] for line in answer.data["agents"].splitlines()}
    assert requests == 1
    assert asked == ["GET /api/repos/octo/hello/builds"]
    assert links["one"].startswith("PR 12 RED build ")
    assert links["two"].startswith("branch feature/multiply RED build ")


async def test_a_link_into_another_project_is_not_followed(tmp_path: Path) -> None:
    async with fleet_with_builds(tmp_path) as (desk, _):
        answer = await desk.call("fleet_list_agents", project="octo/attic")
    (line,) = answer.data["agents"].splitlines()
    assert line.endswith(("| PR 12 | claude-dev", "| PR 12"))
    assert "RED" not in line


async def test_an_agent_with_a_red_build_leads_to_the_tool_that_the_role_has_for_it(tmp_path: Path) -> None:
    async with fleet_with_builds(tmp_path, DRONE_MCP_ROLE_TOOLS="drone_find_builds") as (desk, _):
        answer = await desk.call("fleet_show_agent", agent="two")
    assert answer.data["builds"].startswith("RED build ")
    assert answer.data["next_step"].endswith("is red: look into it with drone_find_builds")


async def test_a_drone_that_does_not_answer_is_a_note_and_the_list_is_there(tmp_path: Path) -> None:
    async with fleet_with_builds(tmp_path) as (desk, drone):
        drone.break_with("status", status=503)
        answer = await desk.call("fleet_list_agents")
    assert len(answer.data["agents"].splitlines()) == 4
    assert answer.data["notes"][0].startswith("The builds of octo/hello are not known")


async def test_without_a_drone_nothing_is_asked_for_builds(tmp_path: Path) -> None:
    async with fleet_with_builds(tmp_path, DRONE_SERVER="") as (desk, drone):
        answer = await desk.call("fleet_list_agents")
        assert drone.asked == []
    assert any("| PR 12" in line for line in answer.data["agents"].splitlines())
