"""From a restart to the wait for its build: the cursor of one server is good at the other."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from mcp import Client

from drone_mcp_build.settings import Settings
from drone_mcp_builds.server import create
from drone_mcp_client.models import Build
from drone_mcp_state import open_store
from support.patience import PATIENCE
from support.simulator import until_sleeping

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from support.actions_desk import Desk

RESTART = {"repo": "octo/hello", "number": 1}
WAITING = 4  # who sleeps while a wait goes on: the deadline, the progress, the next reading, Drone's ping


@asynccontextmanager
async def builds(desk: Desk, **env: str) -> AsyncIterator[Client]:
    """A builds server before the same Drone, on its clock."""
    clock = desk.drone.world.clock

    async def pause(seconds: float) -> None:
        await clock.sleep_until(clock.now() + seconds)

    variables = {"DRONE_SERVER": desk.drone.url, "DRONE_TOKEN": "reader-token", **env}
    async with Client(create(Settings.from_environment(variables), clock.now, pause)) as client:
        yield client


def waiting(client: Client, done: dict[str, Any], until: str) -> asyncio.Task[Any]:
    arguments = {"repo": "octo/hello", "number": done["new_build"], "cursor": done["cursor"], "until": until}
    return asyncio.create_task(client.call_tool("drone_wait_for_build", arguments))


async def test_who_waits_with_the_cursor_of_a_restart_is_woken_when_its_build_begins(at: Any) -> None:
    with anyio.fail_after(PATIENCE):
        async with at() as desk, builds(desk) as client:
            done = (await desk.call("drone_restart_build", **RESTART)).data
            others = desk.drone.world.clock.count_sleepers()
            task = waiting(client, done, "change")
            await until_sleeping(desk.drone.world, others + WAITING)
            assert not task.done(), "that its stages became known is no change"
            await desk.drone.advance(1)
            reported = (await task).structured_content
    assert reported["changes"][0] == "build: pending -> running"
    assert reported["build"]["number"] == done["new_build"]


async def test_what_happened_between_the_restart_and_the_wait_is_reported_at_once(at: Any) -> None:
    with anyio.fail_after(PATIENCE):
        async with at() as desk, builds(desk) as client:
            done = (await desk.call("drone_restart_build", **RESTART)).data
            await desk.drone.advance(300)
            reported = (await waiting(client, done, "finished")).structured_content
    assert reported["finished"] is True
    assert reported["changes"][:2] == ["build: pending -> failure", "stage 1 'build': failure"]


async def test_the_cursor_is_good_where_the_store_tells_of_the_build(at: Any, tmp_path: Path) -> None:
    state = f"sqlite://{tmp_path}/state.db"
    with anyio.fail_after(PATIENCE):
        async with at() as desk, builds(desk, DRONE_MCP_STATE=state) as client, open_store(state) as store:
            done = (await desk.call("drone_restart_build", **RESTART)).data

            async def change() -> None:
                build = Build.model_validate(desk.build("octo/hello", done["new_build"]).to_json())
                await store.apply("octo/hello", build, source="webhook", at=desk.drone.world.now())

            await change()
            desk.drone.forget()
            task = waiting(client, done, "change")
            while not desk.drone.asked:  # noqa: ASYNC110 - the server is to get that far
                await asyncio.sleep(0)
            await desk.drone.advance(1)
            await change()
            reported = (await task).structured_content
            assert [asked.path for asked in desk.drone.asked] == ["/api/repos/octo/hello"]
    assert (reported["changes"][0], reported["build"]["source"]) == ("build: pending -> running", "store")


@pytest.mark.parametrize("again", [1, 3])
async def test_a_cursor_is_for_the_new_build_only(at: Any, again: int) -> None:
    async with at() as desk, builds(desk) as client:
        done = (await desk.call("drone_restart_build", **RESTART)).data
        other = await client.call_tool(
            "drone_wait_for_build", {"repo": "octo/hello", "number": again, "cursor": done["cursor"]}
        )
    assert other.is_error
    assert '"message":"The cursor belongs to another build"' in other.content[0].text  # type: ignore[union-attr]  # it is text


async def test_a_restart_that_started_nothing_has_no_cursor(at: Any) -> None:
    async with at() as desk:
        desk.build("octo/hello", 1).message = "[ci skip]"
        answer = await desk.call("drone_restart_build", **RESTART)
        rehearsed = await desk.call("drone_restart_build", **RESTART, dry_run=True)
    assert answer.data["outcome"] == "nothing_started"
    assert not {"cursor", "new_build"} & (answer.data.keys() | rehearsed.data.keys())


async def test_a_repeated_restart_gives_the_same_cursor(at: Any) -> None:
    async with at() as desk:
        one, two = [(await desk.call("drone_restart_build", **RESTART)).data for _ in range(2)]
    assert one["cursor"] == two["cursor"] != ""
    assert two["outcome"] == "repeated"
