"""Waiting for a build, on a clock that the tests move."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from drone_mcp_client.models import Build
from drone_mcp_state import open_store
from support.patience import PATIENCE
from support.redis_server import RedisServer
from support.simulator import running_simulator, until_sleeping

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from drone_mcp_state import BuildStateStore
    from support.simulator import SimulatorHandle

SLUG = "octo/payments"
BUILD = f"/api/repos/{SLUG}/builds/3"
STREAM = f"/api/stream/{SLUG}"
# Seconds until the demo's running build has passed its second step, begun its second stage, and ended.
TESTED, ENDED = 1293, 1356
# Who sleeps meanwhile: the deadline, the progress, the next reading, and Drone's ping of the stream.
BY_STREAM, BY_POLLING, BY_STORE = 4, 3, 3


@asynccontextmanager
async def simulated(
    connect: Any, ahead: float = 0.0, login: str = "admin", **env: str
) -> AsyncIterator[tuple[SimulatorHandle, Any]]:
    """Run the demo `ahead` seconds later, with a server whose clock is Drone's."""
    with anyio.fail_after(PATIENCE):
        async with running_simulator("demo", socket=True) as drone:
            clock = drone.world.clock
            await drone.advance(ahead)
            settings = {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.token(login), "DRONE_MCP_RETRIES": "0", **env}

            async def pause(seconds: float) -> None:
                await clock.sleep_until(clock.now() + seconds)

            async with connect(clock=clock.now, pause=pause, **settings) as agent:
                yield drone, agent


def waiting(agent: Any, **arguments: Any) -> asyncio.Task[Any]:
    return asyncio.create_task(agent.call("drone_wait_for_build", **{"repo": SLUG, "number": 3, **arguments}))


def asked(drone: SimulatorHandle) -> list[str]:
    paths = [request.path for request in drone.asked]
    drone.forget()
    return paths


async def reading(drone: SimulatorHandle) -> None:
    """Let the others run until the build is read once more."""
    while BUILD not in asked(drone):  # noqa: ASYNC110 - it is the other tasks that must run
        await asyncio.sleep(0)


async def until_gone(name: str) -> None:
    """Let the others run until no task of that name is left."""
    while any(name in repr(task) for task in asyncio.all_tasks()):  # noqa: ASYNC110 - as above
        await asyncio.sleep(0)


async def cancel(drone: SimulatorHandle) -> None:
    """Stop the build through the API, as another program would."""
    async with httpx.AsyncClient(base_url=drone.url, transport=drone.transport) as http:
        headers = {"authorization": f"Bearer {drone.admin_token}"}
        (await http.delete(BUILD, headers=headers)).raise_for_status()


async def tell(store: BuildStateStore, drone: SimulatorHandle, slug: str = SLUG) -> None:
    """Tell the store of the build as a webhook would have, now."""
    build = drone.world.find_build(drone.world.repos[slug], 3)
    await store.apply(slug, Build.model_validate(build.to_json()), source="webhook", at=drone.world.now())


async def test_a_build_that_has_ended_is_reported_at_once(connect: Any) -> None:
    async with simulated(connect) as (drone, agent):
        answer = await waiting(agent, repo="octo/hello", number=4)
        assert asked(drone) == ["/api/repos/octo/hello/builds/4"]
    assert answer.data["finished"] is True
    assert answer.data["build"]["headline"] == "failed: step 4 'test' of stage 1 'build' exited with 1"
    assert answer.data["next_step"].startswith("drone_diagnose_build with number 4 explains why it failed")
    assert "next_step" not in answer.data["build"]
    assert "changes" not in answer.data


async def test_the_stream_tells_of_a_change_without_another_reading(connect: Any) -> None:
    async with simulated(connect, TESTED - 1) as (drone, agent):
        task = waiting(agent, until="change")
        await until_sleeping(drone.world, BY_STREAM)
        await drone.advance(1)
        answer = await task
        assert sorted(asked(drone)) == [BUILD, STREAM]
    assert answer.data["changes"][:1] == ["step 3 'test' of stage 1: running -> success"]
    assert (answer.data["finished"], answer.data["build"]["source"]) == (False, "drone")
    assert answer.data["next_step"] == "Call drone_wait_for_build again with this cursor"


async def test_waiting_for_the_end_does_not_wake_for_a_change(connect: Any) -> None:
    async with simulated(connect, TESTED) as (drone, agent):
        task = waiting(agent, max_seconds=45)
        for _ in range(30):
            await until_sleeping(drone.world, BY_STREAM)
            await drone.advance(1)
            assert not task.done()
        task.cancel()
        await drone.advance(ENDED - TESTED - 40)
        task = waiting(agent, max_seconds=45)
        for _ in range(10):
            await until_sleeping(drone.world, BY_STREAM)
            await drone.advance(1)
        answer = await task
    assert (answer.data["finished"], answer.data["build"]["status"]) == (True, "success")
    assert answer.data["changes"] == [
        "build: running -> success",
        "stage 2 'deploy': running -> success",
        "step 2 'rollout' of stage 2: running -> success",
    ]
    assert "next_step" not in answer.data


async def test_a_cancel_through_the_api_is_noticed_though_no_stream_tells_of_it(connect: Any) -> None:
    async with simulated(connect) as (drone, agent):
        task = waiting(agent)
        await until_sleeping(drone.world, BY_STREAM)
        await drone.advance(2)
        await until_sleeping(drone.world, BY_STREAM)
        await cancel(drone)
        await drone.advance(10)
        answer = await task
    assert answer.data["finished"] is True
    assert answer.data["build"]["status"] == "killed"
    assert answer.data["changes"][0] == "build: running -> killed"


async def test_when_the_time_is_up_the_answer_says_how_to_go_on_and_nothing_is_missed_between(connect: Any) -> None:
    async with simulated(connect, TESTED - 60) as (drone, agent):
        task = waiting(agent, until="change", max_seconds=20)
        await until_sleeping(drone.world, BY_STREAM)
        await drone.advance(20)
        first = await task
        assert (first.data["finished"], "changes" in first.data) == (False, False)
        await drone.advance(50)
        asked(drone)
        second = await waiting(agent, until="change", cursor=first.data["cursor"])
        assert asked(drone) == [BUILD], "it is reported at once"
        await drone.advance(0)
        third = waiting(agent, until="change", cursor=second.data["cursor"], max_seconds=1)
        await until_sleeping(drone.world, BY_STREAM)
        await drone.advance(1)
        assert "changes" not in (await third).data
    assert second.data["changes"] == [
        "stage 1 'build': running -> success",
        "step 3 'test' of stage 1: running -> success",
        "stage 2 'deploy': waiting_on_dependencies -> running",
        "step 1 'clone' of stage 2: success",
        "step 2 'rollout' of stage 2: running",
    ]


async def test_without_a_stream_the_build_is_read_again_less_and_less_often(connect: Any) -> None:
    async with simulated(connect) as (drone, agent):
        drone.break_with("status", route=f"GET {STREAM}", status=500)
        began, times = drone.world.now(), []
        task = waiting(agent, max_seconds=45)
        await until_sleeping(drone.world, BY_POLLING)
        await until_gone("Follower._stream")
        asked(drone)
        for gap in [2, 2, 3, 5, 8, 10, 10]:
            await drone.advance(gap)
            await reading(drone)
            times.append(drone.world.now() - began)
            await until_sleeping(drone.world, BY_POLLING)
        await drone.advance(5)
        answer = await task
        assert asked(drone).count(BUILD) == 0
    assert answer.data["finished"] is False
    assert times == [2, 4, 7, 12, 20, 30, 40]


async def test_a_drone_that_is_away_for_a_while_does_not_end_the_waiting(connect: Any) -> None:
    async with simulated(connect) as (drone, agent):
        task = waiting(agent, max_seconds=20)
        await until_sleeping(drone.world, BY_STREAM)
        asked(drone)
        drone.break_with("status", status=503)
        for seconds in (2, 10):
            await drone.advance(seconds)
            await reading(drone)
            await until_sleeping(drone.world, BY_STREAM)
        await drone.advance(8)
        answer = await task
    assert answer.data["build"]["status"] == "running"
    assert answer.data["build"]["as_of"] == "2026-11-21T09:56:40Z"
    assert answer.data["note"].startswith("Drone could not be asked meanwhile: ")


async def until_known(store: BuildStateStore, drone: SimulatorHandle) -> None:
    """Let the others run until the store has the current state of the build."""
    while (record := await store.get(SLUG, 3)) is None or record.seen_at < drone.world.now():  # noqa: ASYNC110 - as above
        await asyncio.sleep(0)


async def test_while_the_feed_is_alive_waiting_asks_every_ten_seconds(connect: Any, tmp_path: Path) -> None:
    state = f"sqlite://{tmp_path}/state.db"
    async with open_store(state) as store, simulated(connect, TESTED - 31, DRONE_MCP_STATE=state) as (drone, agent):
        await tell(store, drone)
        task = waiting(agent, until="change")
        for _ in range(3):
            await until_sleeping(drone.world, BY_STORE)
            await drone.advance(10)
            await until_known(store, drone)
        await drone.advance(1)
        await tell(store, drone)
        answer = await task
        assert asked(drone) == [f"/api/repos/{SLUG}", BUILD, BUILD, BUILD], "first, whether the token may read"
    assert answer.data["changes"][0].endswith("running -> success")
    assert answer.data["build"]["source"] == "store"


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("change", ["cancelled", "declined"])
async def test_a_change_that_nobody_reports_reaches_a_waiter_within_twelve_seconds(
    connect: Any, tmp_path: Path, change: str, stored: bool
) -> None:
    """As if the receiver had been killed, or Drone had lost the delivery; of a decline it sends none."""
    state = f"sqlite://{tmp_path}/state.db" if stored else "memory:"
    slug, number = (SLUG, 3) if change == "cancelled" else (SLUG, 2)
    async with open_store(state) as store, simulated(connect, DRONE_MCP_STATE=state) as (drone, agent):
        build = drone.world.find_build(drone.world.repos[slug], number)
        await store.apply(slug, Build.model_validate(build.to_json()), source="webhook", at=drone.world.now())
        task = waiting(agent, number=number, max_seconds=45)
        await until_sleeping(drone.world, BY_STORE if stored else BY_STREAM)
        async with httpx.AsyncClient(base_url=drone.url, transport=drone.transport) as http:
            http.headers["authorization"] = f"Bearer {drone.admin_token}"
            path = f"/api/repos/{slug}/builds/{number}"
            await (http.delete(path) if change == "cancelled" else http.post(f"{path}/decline"))
        for _ in range(12):
            await until_sleeping(drone.world, 0)
            await drone.advance(0 if task.done() else 1)
        answer = await task  # without further time
    assert answer.data["build"]["status"] == {"cancelled": "killed", "declined": "declined"}[change]


async def test_redis_tells_a_waiter_and_when_it_goes_away_drone_does(connect: Any, tmp_path: Path) -> None:
    redis = RedisServer(tmp_path)
    redis.start()
    try:
        async with open_store(redis.url) as store, simulated(connect, TESTED - 2, DRONE_MCP_STATE=redis.url) as both:
            drone, agent = both
            await tell(store, drone)
            task = waiting(agent, until="change")
            await until_sleeping(drone.world, BY_STORE)
            await drone.advance(2)
            await tell(store, drone)
            first = await task
            assert first.data["build"]["source"] == "store"
            assert asked(drone) == [f"/api/repos/{SLUG}"]
            task = waiting(agent, cursor=first.data["cursor"])
            await until_sleeping(drone.world, BY_STORE)
            redis.stop()
            await until_sleeping(drone.world, BY_STREAM)
            await cancel(drone)
            await drone.advance(2)
            second = await task
    finally:
        redis.stop()
    assert (second.data["build"]["status"], second.data["build"]["source"]) == ("killed", "drone")


async def test_what_the_token_may_read_is_asked_before_a_wait_that_would_outlast_the_last_answer(
    connect: Any, tmp_path: Path
) -> None:
    state = f"sqlite://{tmp_path}/state.db"
    async with open_store(state) as store, simulated(connect, DRONE_MCP_STATE=state) as (drone, agent):
        await tell(store, drone)
        await agent.call("drone_get_build", repo=SLUG, number=3)
        for seconds, questions in [(10, 0), (10, 1)]:
            await drone.advance(seconds)
            await tell(store, drone)
            asked(drone)
            task = waiting(agent, max_seconds=45)
            await until_sleeping(drone.world, BY_STORE)
            assert asked(drone) == [f"/api/repos/{SLUG}"] * questions
            task.cancel()
            await until_gone("run_until_first")


async def test_when_the_feed_dies_meanwhile_drone_is_asked(connect: Any, tmp_path: Path) -> None:
    state = f"sqlite://{tmp_path}/state.db"
    async with open_store(state) as store, simulated(connect, DRONE_MCP_STATE=state) as (drone, agent):
        await tell(store, drone)
        await drone.advance(140)
        task = waiting(agent)
        await until_sleeping(drone.world, BY_STORE)
        await cancel(drone)
        await drone.advance(20)
        other = Build.model_validate(drone.world.find_build(drone.world.repos[SLUG], 3).to_json())
        noted = other.model_copy(update={"status": "running", "finished": 0, "stages": ()})
        await store.apply(SLUG, noted, source="api", at=drone.world.now())
        answer = await task
    assert answer.data["build"]["status"] == "killed"


async def test_progress_is_reported_while_it_goes_on(connect: Any) -> None:
    reports = []

    async def report(progress: float, total: float | None, message: str | None) -> None:
        reports.append((progress, total, message))

    async with simulated(connect) as (drone, agent):
        arguments = {"repo": SLUG, "number": 3, "max_seconds": 12}
        task = asyncio.create_task(agent.client.call_tool("drone_wait_for_build", arguments, progress_callback=report))
        for _ in range(12):
            await until_sleeping(drone.world, BY_STREAM)
            await drone.advance(1)
        await task
    assert [(progress, total) for progress, total, _ in reports] == [(5, 12), (10, 12)]
    assert reports[0][2] == "running for 5 min 3 s: step 3 'test' of stage 1 'build' for 3 min 32 s"


async def test_a_cancelled_call_leaves_nothing_behind(connect: Any) -> None:
    async with simulated(connect) as (drone, agent):
        task = waiting(agent)
        await until_sleeping(drone.world, BY_STREAM)
        task.cancel()
        for name in ("run_until_first", "Follower._stream", "Follower._tick", "Waiter._report"):
            await until_gone(name)


@pytest.mark.parametrize("cursor", ["x", "0123456789.r", "cafe", "0" * 2000])
async def test_a_cursor_of_something_else_is_refused(connect: Any, cursor: str) -> None:
    async with simulated(connect) as (_, agent):
        answer = await waiting(agent, cursor=cursor)
    assert (answer.failed, answer.data["code"]) == (True, "INVALID_INPUT")


@pytest.mark.parametrize(("login", "code"), [("robot", "NOT_FOUND")])
async def test_a_token_that_may_not_read_the_build_is_not_told_of_it(
    connect: Any, tmp_path: Path, login: str, code: str
) -> None:
    state = f"sqlite://{tmp_path}/state.db"
    async with open_store(state) as store, simulated(connect, login=login, DRONE_MCP_STATE=state) as (drone, agent):
        await tell(store, drone)
        answer = await waiting(agent, until="change")
    assert (answer.failed, answer.data["code"]) == (True, code)


async def test_without_a_number_it_is_the_newest_build_of_the_default_branch(connect: Any) -> None:
    async with simulated(connect) as (_, agent):
        answer = await waiting(agent, repo="octo/hello", number=None)
    assert answer.data["build"]["number"] == 4
