"""Decisions about builds in the store: when it is used, for whom, and which requests Drone still gets."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from drone_mcp_client.models import Build
from drone_mcp_state import open_store
from support.simulator import running_simulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from drone_mcp_state import BuildStateStore
    from support.simulator import SimulatorHandle

WORLD = Path(__file__).parent / "world.yaml"
SLUG = "octo/hello"
REPO = f"/api/repos/{SLUG}"
GREEN, LOST, RUNNING = 3, 4, 5


@pytest.fixture
def state(tmp_path: Path) -> str:
    return f"sqlite://{tmp_path}/state.db"


@asynccontextmanager
async def simulated(connect: Any, state: str) -> AsyncIterator[tuple[SimulatorHandle, Any, BuildStateStore]]:
    async with running_simulator(WORLD, socket=True) as drone, open_store(state) as store:
        settings = {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.admin_token, "DRONE_MCP_STATE": state}
        async with connect(clock=drone.world.now, **settings) as agent:
            yield drone, agent, store


def asked(drone: SimulatorHandle) -> list[str]:
    """The paths that were asked for since the last look."""
    paths = [request.path for request in drone.asked]
    drone.forget()
    return paths


async def feed(store: BuildStateStore, drone: SimulatorHandle, *numbers: int, slug: str = SLUG) -> None:
    """Tell the store of builds as webhooks would have, now."""
    for number in numbers:
        build = Build.model_validate(drone.world.find_build(drone.world.repos[slug], number).to_json())
        await store.apply(slug, build, source="webhook", at=drone.world.now())


async def test_a_finished_build_that_is_known_is_decided_without_asking_for_it(connect: Any, state: str) -> None:
    async with simulated(connect, state) as (drone, agent, store):
        await feed(store, drone, GREEN)
        known = await agent.evaluate(repo=SLUG, number=GREEN)
        assert asked(drone) == [REPO], "whether the token may read it"
        await agent.evaluate(repo=SLUG, number=GREEN)
        assert asked(drone) == []
    assert (known["action"], known["source"]) == ("continue", "store")
    assert known["as_of"] == "2026-11-21T09:56:40Z"


async def test_what_drone_answered_is_known_from_then_on(connect: Any, state: str) -> None:
    async with simulated(connect, state) as (drone, agent, store):
        first, second = [await agent.evaluate(repo=SLUG, number=GREEN) for _ in range(2)]
        assert asked(drone) == [f"{REPO}/builds/{GREEN}", REPO]
        assert await store.get(SLUG, GREEN) is not None
    assert (first["source"], second["source"]) == ("drone", "store")
    assert first == {**second, "source": "drone"}


async def test_a_running_build_is_believed_while_the_feed_is_alive(connect: Any, state: str) -> None:
    async with simulated(connect, state) as (drone, agent, store):
        await feed(store, drone, RUNNING)
        reported = await agent.evaluate(repo=SLUG, number=RUNNING)
        assert (reported["action"], reported["source"], asked(drone)) == ("wait", "store", [REPO])
        await drone.advance(200)
        reported = await agent.evaluate(repo=SLUG, number=RUNNING)
        assert (reported["action"], reported["source"], asked(drone)) == (
            "continue",
            "drone",
            [f"{REPO}/builds/{RUNNING}"],
        )


async def test_a_build_that_waits_for_approval_is_asked_for(connect: Any, state: str) -> None:
    async with simulated(connect, state) as (drone, agent, store):
        await feed(store, drone, 1, slug="octo/guarded")
        reported = await agent.evaluate(repo="octo/guarded", number=1)
        assert asked(drone) == ["/api/repos/octo/guarded/builds/1"]
    assert (reported["action"], reported["source"]) == ("ask_for_approval", "drone")


async def test_the_newest_build_is_known_while_the_feed_is_alive(connect: Any, state: str) -> None:
    async with simulated(connect, state) as (drone, agent, store):
        await feed(store, drone, LOST, RUNNING)
        reported = await agent.evaluate(repo=SLUG)
        paths = asked(drone)
    assert (reported["number"], reported["action"], reported["source"]) == (LOST, "retry", "store")
    assert f"{REPO}/builds/latest" not in paths


async def test_before_a_retry_drone_itself_is_asked_what_was_tried(connect: Any, state: str) -> None:
    async with simulated(connect, state) as (drone, agent, store):
        await feed(store, drone, LOST)
        async with drone.client() as http:
            await http.post(f"{REPO}/builds/{LOST}")  # a restart that the store has not heard of
        drone.forget()
        reported = await agent.evaluate(repo=SLUG, number=LOST)
        assert asked(drone) == [REPO, f"{REPO}/builds"]
    assert (reported["source"], reported["action"]) == ("store", "collect_logs_and_stop")
    assert "build 6 is a newer try of the same commit" in reported["reason"]


async def test_what_is_known_is_not_told_to_whom_drone_does_not_show_it(connect: Any, state: str) -> None:
    async with simulated(connect, state) as (drone, _, store):
        await feed(store, drone, GREEN)
        drone.world.repos[SLUG].visibility = "private"
        settings = {"DRONE_SERVER": drone.url, "DRONE_TOKEN": "a-wrong-token", "DRONE_MCP_STATE": state}
        async with connect(clock=drone.world.now, **settings) as stranger:
            refused = await stranger.call("drone_evaluate_build", repo=SLUG, number=GREEN)
    assert (refused.failed, refused.data["code"]) == (True, "AUTH_FAILED")


async def test_a_store_that_is_gone_costs_no_decision(connect: Any, tmp_path: Path) -> None:
    async with running_simulator(WORLD, socket=True) as drone:
        settings = {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.admin_token}
        async with connect(DRONE_MCP_STATE=f"sqlite://{tmp_path}/no/state.db", **settings) as agent:
            reported = await agent.evaluate(repo=SLUG, number=GREEN)
    assert (reported["action"], reported["source"]) == ("continue", "drone")
