"""Builds that are known are not asked for again, and are given to nobody who may not read their repository."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ci_mcp_simulator.clock import EPOCH
from drone_mcp_client.models import Build
from drone_mcp_state import open_store
from support.simulator import simulated

if TYPE_CHECKING:
    from pathlib import Path

    from support.simulator import SimulatorHandle

REPO = "/api/repos/octo/hello"
FAILED, PASSED = 4, 1  # builds of octo/hello in the scenario `demo`
CALLS: dict[str, dict[str, Any]] = {
    "drone_diagnose_build": {"number": FAILED},
    "drone_compare_builds": {"a": FAILED, "b": PASSED},
    "drone_get_build_logs": {"number": FAILED},
    "drone_search_build_logs": {"number": FAILED, "pattern": "error"},
}


@pytest.fixture
def state(tmp_path: Path) -> str:
    return f"sqlite://{tmp_path}/state.db"


def builds_asked(drone: SimulatorHandle) -> list[str]:
    """Return the requests for whole builds since the last look."""
    paths = [request.path for request in drone.asked]
    drone.forget()
    return [path for path in paths if path.removeprefix(f"{REPO}/builds/").isdigit() or path.endswith("/latest")]


@pytest.mark.parametrize(("tool", "arguments"), CALLS.items())
async def test_a_build_that_was_read_is_not_asked_for_again(connect: Any, tool: str, arguments: dict[str, Any]) -> None:
    async with simulated(connect) as (drone, agent):
        first = await agent.call(tool, repo="octo/hello", **arguments)
        assert f"{REPO}/builds/{FAILED}" in builds_asked(drone)
        second = await agent.call(tool, repo="octo/hello", **arguments)
        assert [path for path in builds_asked(drone) if not path.endswith("/latest")] == []
    assert not first.failed
    assert first.data.keys() == second.data.keys()


async def test_the_newest_build_is_known_while_the_feed_is_alive(connect: Any, state: str) -> None:
    async with open_store(state) as store, simulated(connect, DRONE_MCP_STATE=state) as (drone, agent):
        repo = drone.world.repos["octo/hello"]
        for number in range(1, repo.counter + 1):
            build = Build.model_validate(drone.world.find_build(repo, number).to_json())
            await store.apply("octo/hello", build, source="webhook", at=EPOCH)
        known = await agent.logs()
        assert builds_asked(drone) == []
    async with simulated(connect) as (_, agent):
        assert known.data["number"] == (await agent.logs()).data["number"]


@pytest.mark.parametrize(("tool", "arguments"), CALLS.items())
async def test_what_is_known_is_not_given_to_a_token_that_may_not_read_the_repository(
    connect: Any, state: str, tool: str, arguments: dict[str, Any]
) -> None:
    async with open_store(state) as store, simulated(connect, "robot", DRONE_MCP_STATE=state) as (drone, agent):
        repo = drone.world.repos["octo/payments"]
        for number in range(1, repo.counter + 1):
            build = Build.model_validate(drone.world.find_build(repo, number).to_json())
            await store.apply("octo/payments", build, source="webhook", at=EPOCH)
        for given in (arguments, {name: value for name, value in arguments.items() if name == "pattern"}):
            refused = await agent.call(tool, repo="octo/payments", **given)
            assert refused.failed
            assert refused.error["code"] == "NOT_FOUND"
