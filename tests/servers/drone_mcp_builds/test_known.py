"""Builds and lists that are known: what the tools say of them, and to whom. The rules are drone_mcp_known's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ci_mcp_simulator.clock import EPOCH
from drone_mcp_client.models import Build
from drone_mcp_state import open_store
from support.simulator import simulated

if TYPE_CHECKING:
    from pathlib import Path

    from drone_mcp_state import BuildStateStore
    from support.simulator import SimulatorHandle

REPO = "/api/repos/octo/hello"


@pytest.fixture
def state(tmp_path: Path) -> str:
    return f"sqlite://{tmp_path}/state.db"


def asked(drone: SimulatorHandle) -> list[str]:
    """The paths that were asked for since the last look."""
    paths = [request.path for request in drone.asked]
    drone.forget()
    return paths


async def feed(store: BuildStateStore, drone: SimulatorHandle, slug: str, *numbers: int, at: float = EPOCH) -> None:
    """Tell the store of builds as webhooks would have, at a time."""
    repo = drone.world.repos[slug]
    for number in numbers:
        build = Build.model_validate(drone.world.find_build(repo, number).to_json())
        await store.apply(slug, build, source="webhook", at=at)


async def test_an_answer_says_where_the_build_was_read_and_when_it_was_so(connect: Any) -> None:
    async with simulated(connect) as (drone, agent):
        first, second = [await agent.call("drone_get_build", repo="octo/hello", number=4) for _ in range(2)]
        assert asked(drone) == [f"{REPO}/builds/4", REPO]
    assert (first.data["source"], second.data["source"]) == ("drone", "store")
    assert first.data["as_of"] == "2026-11-21T09:56:40Z"
    assert {**first.data, "source": "store"} == second.data


async def test_a_token_that_may_not_read_a_repository_is_not_even_told_that_it_is_known(
    connect: Any, state: str
) -> None:
    call = {"repo": "octo/payments", "number": 1}
    async with simulated(connect, "dev", DRONE_MCP_STATE=state) as (drone, agent):
        assert not (await agent.call("drone_get_build", **call)).failed
        settings = {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.token("robot")}
        async with (
            connect(clock=drone.world.now, DRONE_MCP_STATE=state, **settings) as other,
            connect(clock=drone.world.now, **settings) as ignorant,
        ):
            answer = await other.call("drone_get_build", **call)
            assert (answer.failed, answer.data["code"]) == (True, "NOT_FOUND")
            assert answer.data == (await ignorant.call("drone_get_build", **call)).data


async def list_all(agent: Any, **filters: Any) -> Any:
    return await agent.call("drone_list_builds", repo="octo/hello", **filters)


async def test_a_list_is_known_while_the_feed_is_alive_and_says_so(connect: Any, state: str) -> None:
    async with open_store(state) as store, simulated(connect, DRONE_MCP_STATE=state) as (drone, agent):
        by_drone = await list_all(agent, limit=3)
        assert asked(drone) == [f"{REPO}/builds"]
        count = drone.world.repos["octo/hello"].counter
        await feed(store, drone, "octo/hello", *range(1, count + 1))
        known = await list_all(agent, limit=3)
        failed = await list_all(agent, status="failed")
        assert asked(drone) == [REPO], "once, whether the token may read it"
        await list_all(agent, branch="main")
        assert asked(drone) == [f"{REPO}/builds"], "Drone itself filters by branch"
    assert (by_drone.data["source"], known.data["source"]) == ("drone", "store")
    assert known.data["as_of"] == "2026-11-21T09:56:40Z"
    assert known.data["builds"] == by_drone.data["builds"]
    assert {build["status"] for build in failed.data["builds"]} == {"failure", "error"}


async def test_what_drone_has_listed_is_known_afterwards_while_the_feed_is_alive(connect: Any, state: str) -> None:
    async with open_store(state) as store, simulated(connect, DRONE_MCP_STATE=state) as (drone, agent):
        await store.record_event(EPOCH)
        first, second = await list_all(agent), await list_all(agent)
        assert asked(drone) == [REPO, f"{REPO}/builds"]
        assert {**second.data, "source": "drone"} == first.data


@pytest.mark.parametrize("missing", [1, "middle", "newest"])
async def test_a_list_with_a_gap_is_asked_for(connect: Any, state: str, missing: Any) -> None:
    async with open_store(state) as store, simulated(connect, DRONE_MCP_STATE=state) as (drone, agent):
        count = drone.world.repos["octo/hello"].counter
        left_out = {"middle": count // 2, "newest": count}.get(missing, missing)
        await feed(store, drone, "octo/hello", *(set(range(1, count + 1)) - {left_out}))
        answer = await list_all(agent, limit=50)
        assert f"{REPO}/builds" in asked(drone)
    assert len(answer.data["builds"]) == count
    assert answer.data["source"] == "drone"


async def test_a_list_is_asked_for_when_the_feed_is_dead_or_a_build_may_wait_for_approval(
    connect: Any, state: str
) -> None:
    async with open_store(state) as store, simulated(connect, DRONE_MCP_STATE=state) as (drone, agent):
        count = drone.world.repos["octo/hello"].counter
        await feed(store, drone, "octo/hello", *range(1, count + 1))
        await drone.advance(3600)
        dead = await list_all(agent)
        await store.record_event(drone.world.now())
        held = Build(number=count + 1, repo_id=drone.world.repos["octo/hello"].id, status="pending", version=1)
        await store.apply("octo/hello", held, source="webhook", at=drone.world.now())
        waiting = await list_all(agent)
    assert (dead.data["source"], waiting.data["source"]) == ("drone", "drone")


async def test_a_known_list_is_not_given_to_a_token_that_may_not_read_the_repository(connect: Any, state: str) -> None:
    async with open_store(state) as store, simulated(connect, "robot", DRONE_MCP_STATE=state) as (drone, agent):
        count = drone.world.repos["octo/payments"].counter
        await feed(store, drone, "octo/payments", *range(1, count + 1))
        refused = await agent.call("drone_list_builds", repo="octo/payments")
    assert refused.failed
    assert refused.data["code"] == "NOT_FOUND"
