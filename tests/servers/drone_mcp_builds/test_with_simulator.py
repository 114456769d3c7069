"""The whole server, over HTTP, against a Drone whose builds move."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from mcp import Client

from support.patience import PATIENCE
from support.simulator import running_simulator
from support.warm import warm_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.simulator import SimulatorHandle


@asynccontextmanager
async def simulated(connect: Any, **env: str) -> AsyncIterator[tuple[SimulatorHandle, Any]]:
    async with running_simulator("demo", socket=True) as drone:
        settings = {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.admin_token, **env}
        async with connect(clock=drone.world.now, **settings) as agent:
            yield drone, agent


async def test_a_build_is_followed_from_running_to_its_end(connect: Any) -> None:
    async with simulated(connect) as (drone, agent):
        running = await agent.call("drone_get_build", repo="octo/payments", number=3)
        assert running.data["headline"] == "running for 4 min 58 s: step 3 'test' of stage 1 'build' for 3 min 27 s"
        assert running.data["stages"][1]["waits_for"] == ["build"]
        await drone.advance(3600)
        done = await agent.call("drone_get_build", repo="octo/payments", number=3)
    assert done.data["status"] == "success"
    assert "next_step" not in done.data


async def test_the_status_of_a_repository_is_one_read_of_one_resource(connect: Any) -> None:
    async with simulated(connect) as (drone, agent):
        drone.forget()
        status = await agent.read("drone://repo/octo/hello/latest")
        assert [asked.path for asked in drone.asked] == ["/api/repos/octo/hello/builds/latest"]
    assert status["headline"] == "failed: step 4 'test' of stage 1 'build' exited with 1"
    assert status["page"].endswith("/octo/hello/4")


async def test_held_misconfigured_and_skipped_are_told_apart(connect: Any) -> None:
    async with simulated(connect) as (_, agent):
        held = await agent.call("drone_get_build", repo="octo/payments", number=2)
        broken = await agent.call("drone_get_build", repo="octo/hello", number=2)
        failed = await agent.call("drone_get_build", repo="octo/hello", number=4)
    assert held.data["headline"].startswith("waiting for approval: stage 1 'build'")
    assert broken.data["headline"].endswith("did not find expected '-' indicator; no step ran")
    assert "stages" not in broken.data
    assert failed.data["stages"][1]["note"] == "not run because of stage 1 'build'"


async def test_list_find_and_get_agree(connect: Any) -> None:
    async with simulated(connect) as (_, agent):
        listed = await agent.call("drone_list_builds", repo="octo/hello", status="failed")
        newest = listed.data["builds"][0]
        found = await agent.call("drone_find_builds", repo="octo/hello", commit=newest["commit"])
        got = await agent.call("drone_get_build", repo="octo/hello", number=newest["number"])
    assert [build["number"] for build in listed.data["builds"]] == [4, 2]
    assert newest in found.data["builds"]
    assert got.data["commit"].startswith(newest["commit"])


@pytest.mark.parametrize(
    ("token", "repo", "code"),
    [
        ("admin-token-of-the-demo", "octo/none", "NOT_FOUND"),
        ("robot-token-of-the-demo", "octo/payments", "NOT_FOUND"),
        ("a-wrong-token", "octo/payments", "AUTH_FAILED"),
        ("a-wrong-token", "octo/none", "AUTH_FAILED"),
        ("", "octo/payments", "AUTH_FAILED"),
    ],
)
async def test_what_a_token_cannot_see_is_a_clear_error(connect: Any, token: str, repo: str, code: str) -> None:
    async with simulated(connect, DRONE_TOKEN=token) as (_, agent):
        answer = await agent.call("drone_list_builds", repo=repo)
    assert (answer.failed, answer.data["code"]) == (True, code)


async def test_a_machine_user_learns_why_it_has_no_repositories(connect: Any) -> None:
    async with simulated(connect, DRONE_TOKEN="robot-token-of-the-demo") as (_, agent):
        listed = await agent.call("drone_list_repos")
        builds = await agent.call("drone_list_builds", repo="octo/hello")
    assert listed.data["total"] == 0
    assert "A machine user that is no administrator never has any" in listed.data["note"]
    assert len(builds.data["builds"]) == 4


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_real_process_serves_both_eras_over_stdio(mode: Any) -> None:
    with anyio.fail_after(PATIENCE):
        async with running_simulator("demo", socket=True) as drone:
            process = warm_server(
                "drone_mcp_builds",
                {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.admin_token, "DRONE_REPO": "octo/hello"},
            )
            async with Client(process, mode=mode) as client:
                assert "CI status" in (client.instructions or "")
                result = await client.call_tool("drone_get_build", {})
                resource = await client.read_resource("drone://repo/octo/hello/build/4/summary")
    assert result.structured_content["headline"] == "failed: step 4 'test' of stage 1 'build' exited with 1"
    assert '"number":4' in resource.contents[0].text  # type: ignore[union-attr]  # a JSON resource is text
