"""What is answered without asking Drone for the build: when it may be, to whom, and that it is right."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from drone_mcp_client.models import Build, Stage
from drone_mcp_simulator.clock import EPOCH
from drone_mcp_state import open_store
from support.made_builds import failing_build, made_repo
from support.simulator import running_simulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import respx

    from drone_mcp_state import BuildStateStore
    from support.simulator import SimulatorHandle

REPO = "/api/repos/octo/hello"


@pytest.fixture
def state(tmp_path: Path) -> str:
    return f"sqlite://{tmp_path}/state.db"


@asynccontextmanager
async def simulated(connect: Any, login: str = "admin", **env: str) -> AsyncIterator[tuple[SimulatorHandle, Any]]:
    async with running_simulator("demo", socket=True) as drone:
        settings = {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.token(login), **env}
        async with connect(clock=drone.world.now, **settings) as agent:
            drone.asked.clear()
            yield drone, agent


def asked(drone: SimulatorHandle) -> list[str]:
    """The paths that were asked for since the last look."""
    paths = [request.path for request in drone.asked]
    drone.asked.clear()
    return paths


async def get(agent: Any, number: int, repo: str = "octo/hello") -> Any:
    return await agent.call("drone_get_build", repo=repo, number=number)


async def feed(store: BuildStateStore, drone: SimulatorHandle, slug: str, *numbers: int, at: float = EPOCH) -> None:
    """Tell the store of builds as webhooks would have, at a time."""
    repo = drone.world.repos[slug]
    for number in numbers:
        build = Build.model_validate(drone.world.build(repo, number).to_json())
        await store.apply(slug, build, source="webhook", at=at)


async def test_a_finished_build_is_read_once_and_then_known(connect: Any) -> None:
    async with simulated(connect) as (drone, agent):
        first, second = await get(agent, 4), await get(agent, 4)
        assert asked(drone) == [f"{REPO}/builds/4", REPO]
        await drone.advance(50)
        await get(agent, 4)
        assert asked(drone) == []
        await drone.advance(20)
        third = await get(agent, 4)
        assert asked(drone) == [REPO], "what a token may read is believed for a minute"
    assert (first.data["source"], second.data["source"], third.data["source"]) == ("drone", "store", "store")
    assert first.data["as_of"] == second.data["as_of"] == third.data["as_of"] == "2026-11-21T09:56:40Z"
    assert {**first.data, "source": "store"} == second.data


async def test_a_build_under_way_is_asked_for_each_time_without_a_feed(connect: Any, state: str) -> None:
    for where in ("memory:", state):
        async with simulated(connect, DRONE_MCP_STATE=where) as (drone, agent):
            for _ in range(2):
                answer = await get(agent, 3, "octo/payments")
                assert (answer.data["status"], answer.data["source"]) == ("running", "drone")
                assert asked(drone) == ["/api/repos/octo/payments/builds/3"]


async def test_while_the_feed_is_alive_a_build_under_way_is_known_and_when_it_dies_it_is_asked_for(
    connect: Any, state: str
) -> None:
    async with open_store(state) as store, simulated(connect, DRONE_MCP_STATE=state) as (drone, agent):
        await feed(store, drone, "octo/payments", 3)
        await drone.advance(120)
        answer = await get(agent, 3, "octo/payments")
        assert asked(drone) == ["/api/repos/octo/payments"]
        assert (answer.data["source"], answer.data["as_of"]) == ("store", "2026-11-21T09:56:40Z")
        await drone.advance(40)
        answer = await get(agent, 3, "octo/payments")
        assert (answer.data["source"], answer.data["as_of"]) == ("drone", "2026-11-21T09:59:20Z")
        assert asked(drone) == ["/api/repos/octo/payments/builds/3"]


async def test_a_build_that_waits_for_approval_is_asked_for_since_no_webhook_tells_of_that(
    connect: Any, state: str
) -> None:
    async with open_store(state) as store, simulated(connect, DRONE_MCP_STATE=state) as (drone, agent):
        await feed(store, drone, "octo/payments", 2)
        assert (await get(agent, 2, "octo/payments")).data["source"] == "drone"
        assert asked(drone) == ["/api/repos/octo/payments/builds/2"]


async def test_the_newest_build_is_known_only_if_every_newer_one_is(connect: Any, state: str) -> None:
    async with open_store(state) as store, simulated(connect, DRONE_MCP_STATE=state) as (drone, agent):
        await feed(store, drone, "octo/hello", 3)
        missing = await agent.call("drone_get_build", repo="octo/hello")
        assert asked(drone) == [REPO, f"{REPO}/builds/latest"]
        assert (missing.data["number"], missing.data["source"]) == (4, "drone")
        known = await agent.call("drone_get_build", repo="octo/hello")
        assert asked(drone) == []
        assert (known.data["number"], known.data["source"]) == (4, "store")


SECRET_BUILD = ("octo/payments", 1)


async def test_what_one_token_has_read_is_not_told_to_another(connect: Any, state: str) -> None:
    slug, number = SECRET_BUILD
    async with simulated(connect, "dev", DRONE_MCP_STATE=state) as (drone, agent):
        assert not (await get(agent, number, slug)).failed
        assert (await get(agent, number, slug)).data["source"] == "store"
        for token, code in [
            (drone.token("robot"), "NOT_FOUND"),
            ("a-wrong-token", "AUTH_FAILED"),
            ("", "AUTH_FAILED"),
        ]:
            settings = {"DRONE_SERVER": drone.url, "DRONE_TOKEN": token}
            async with (
                connect(clock=drone.world.now, DRONE_MCP_STATE=state, **settings) as other,
                connect(clock=drone.world.now, **settings) as ignorant,
            ):
                answer = await get(other, number, slug)
                assert (answer.failed, answer.data["code"]) == (True, code)
                assert answer.data == (await get(ignorant, number, slug)).data, "it is not even told that it is known"


async def test_access_that_is_granted_works_at_once_and_access_that_is_taken_ends_within_a_minute(
    connect: Any, state: str
) -> None:
    slug, number = SECRET_BUILD
    async with simulated(connect, "dev", DRONE_MCP_STATE=state) as (drone, agent):
        repo = drone.world.repos[slug]
        key = (repo.uid, drone.world.users["dev"].id)
        await get(agent, number, slug)
        permission = drone.world.perms.pop(key)
        assert (await get(agent, number, slug)).failed, "it was never shown that the repository may be read"
        drone.world.perms[key] = permission
        assert (await get(agent, number, slug)).data["source"] == "store"
        del drone.world.perms[key]
        assert (await get(agent, number, slug)).data["source"] == "store"
        await drone.advance(61)
        assert (await get(agent, number, slug)).failed


async def test_another_token_in_the_token_file_has_to_show_for_itself(connect: Any, state: str, tmp_path: Path) -> None:
    slug, number = SECRET_BUILD
    file = tmp_path / "token"
    async with running_simulator("demo", socket=True) as drone:
        file.write_text(drone.token("dev"))
        settings = {"DRONE_SERVER": drone.url, "DRONE_TOKEN": "", "DRONE_TOKEN_FILE": str(file)}
        async with connect(clock=drone.world.now, DRONE_MCP_STATE=state, **settings) as agent:
            for _ in range(2):
                assert not (await get(agent, number, slug)).failed
            file.write_text(drone.token("robot"))
            assert (await get(agent, number, slug)).failed


async def test_a_repository_that_took_over_a_name_does_not_get_the_builds_of_the_one_before(
    connect: Any, state: str
) -> None:
    old = Build(number=1, repo_id=999, status="success", stages=(Stage(number=1, name="old", status="success"),))
    async with open_store(state) as store, simulated(connect, DRONE_MCP_STATE=state) as (drone, agent):
        await store.apply("octo/hello", old, source="webhook", at=EPOCH)
        answer = await get(agent, 1)
        assert asked(drone) == [REPO, f"{REPO}/builds/1"]
    assert answer.data["source"] == "drone"
    assert answer.data["stages"][0]["name"] == "build"


async def test_a_role_does_not_get_what_is_known_of_repositories_beyond_it(connect: Any, state: str) -> None:
    async with simulated(connect, DRONE_MCP_STATE=state, DRONE_MCP_REPOS="octo/hello") as (drone, agent):
        async with open_store(state) as store:
            await feed(store, drone, *SECRET_BUILD)
        answer = await get(agent, 1, "octo/payments")
        assert (answer.failed, answer.data["code"]) == (True, "PERMISSION_DENIED")
        assert asked(drone) == []


async def test_a_store_that_does_not_answer_costs_nothing_but_its_help(connect: Any, tmp_path: Path) -> None:
    async with simulated(connect, DRONE_MCP_STATE=f"sqlite://{tmp_path}/none/state.db") as (drone, agent):
        for _ in range(2):
            assert (await get(agent, 4)).data["source"] == "drone"
        assert asked(drone) == [f"{REPO}/builds/4"] * 2
        (tmp_path / "none").mkdir()
        await drone.advance(30)
        assert [(await get(agent, 4)).data["source"] for _ in range(2)] == ["drone", "store"]


async def test_what_this_process_alone_keeps_is_bounded(connect: Any, drone: respx.MockRouter) -> None:
    drone.get("/api/repos/octo/hello").respond(json=made_repo("octo/hello"))
    for number in range(1, 52):
        drone.get(f"{REPO}/builds/{number}").respond(json=failing_build(number))
    async with connect() as agent:
        for number in range(1, 52):
            await get(agent, number)
        assert [(await get(agent, number)).data["source"] for number in (51, 31, 30, 1)] == [
            "store", "store", "drone", "drone"
        ]  # fmt: skip


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
