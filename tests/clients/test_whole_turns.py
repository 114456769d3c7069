"""Whole turns of real clients, from the file that drone-mcp-config wrote, with a scripted model and the simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.client_turn import Project
from support.model_api.model import Call

if TYPE_CHECKING:
    from clients.conftest import Drone
    from support.client_turn import Turn
    from support.real_clients import RealClient

pytestmark = pytest.mark.client

REPO = "octo/hello"
FAILED = "injectorFactory should throw if the injector value has not been set yet FAILED"
SCRIPT = [
    Call("drone_list_builds", {"repo": REPO, "limit": 3}),
    Call("drone_diagnose_build", {"repo": REPO}),
    Call("drone_evaluate_build", {"repo": REPO}),
]


@pytest.fixture(scope="module", params=["dev", "ops", "admin"])
def project(
    request: pytest.FixtureRequest, client: RealClient, drone: Drone, tmp_path_factory: pytest.TempPathFactory
) -> Project:
    return Project(tmp_path_factory.mktemp("project"), client, request.param, drone.variables)


@pytest.fixture(scope="module")
def turn(project: Project) -> Turn:
    return project.turn(SCRIPT)


def test_the_first_request_to_the_model_holds_every_tool_of_the_role(project: Project, turn: Turn) -> None:
    assert turn.first == project.tools, turn.output


def test_every_call_is_answered_with_what_drone_has(turn: Turn, drone: Drone) -> None:
    listed, diagnosed, evaluated = turn.results
    for build in drone.get(f"/api/repos/{REPO}/builds")[:3]:
        assert build["message"] in listed
        assert build["after"][:10] in listed
    log = "".join(line["out"] for line in drone.get(f"/api/repos/{REPO}/builds/4/logs/1/4"))
    assert FAILED in log
    assert FAILED in diagnosed
    assert "collect_logs_and_stop" in evaluated


def test_the_client_ends_well_and_no_process_outlives_it(turn: Turn) -> None:
    assert (turn.status, turn.left) == (0, []), turn.output
