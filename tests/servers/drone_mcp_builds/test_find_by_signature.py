"""Builds that failed alike: what the logs server wrote down, found by this one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from drone_mcp_client.models import Build
from drone_mcp_known.known import State
from drone_mcp_known.signature_store import Signatures, Signed
from support.agent import SERVER
from support.made_builds import T0, failing_build, made_build

if TYPE_CHECKING:
    from pathlib import Path

    import respx

BUILDS = "/api/repos/octo/hello/builds"
ONE, OTHER = "0123456789ab", "ba9876543210"


@pytest.fixture
def state(tmp_path: Path) -> str:
    return f"sqlite://{tmp_path}/state.db"


def bare(build: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in build.items() if key != "stages"}


async def write(state: str, *found: tuple[dict[str, Any], str]) -> None:
    """Write down what a diagnosis found."""
    way = State(state, SERVER, lambda: float(T0))
    for build, signature in found:
        known = Build.model_validate(build)
        await Signatures(way, lambda: float(T0)).write("octo/hello", known, Signed(signature, "1/3"))
    await way.close()


async def find(agent: Any, **arguments: Any) -> Any:
    return await agent.call("drone_find_builds", repo="octo/hello", **arguments)


async def test_builds_with_the_signature_are_found_and_those_that_nobody_read_are_counted(
    connect: Any, drone: respx.MockRouter, state: str
) -> None:
    builds = [failing_build(number) for number in (9, 8, 6, 5)]
    drone.get(BUILDS).respond(json=[bare(build) for build in (*builds[:2], made_build(7), *builds[2:])])
    await write(state, (builds[0], ONE), (builds[1], OTHER), (builds[3], ONE))
    async with connect(DRONE_MCP_STATE=state) as agent:
        answer = await find(agent, signature=ONE)
        upper = await find(agent, signature=f" {ONE.upper()} ")
        none = await find(agent, signature="f" * 12)
    assert [line["number"] for line in answer.data["builds"]] == [9, 5]
    assert answer.data["looked_at"] == "all 5 builds: 4 failed builds, 3 of them diagnosed"
    assert upper.data["builds"] == answer.data["builds"]
    assert "builds" not in none.data or none.data["builds"] == []
    assert "nobody has diagnosed" in none.data["next_step"]


async def test_other_filters_hold_beside_it_and_a_cursor_goes_on(
    connect: Any, drone: respx.MockRouter, state: str
) -> None:
    builds = [failing_build(9), failing_build(8, author_login="ada"), failing_build(7)]
    drone.get(BUILDS).respond(json=[bare(build) for build in builds])
    await write(state, *((build, ONE) for build in builds))
    async with connect(DRONE_MCP_STATE=state) as agent:
        adas = await find(agent, signature=ONE, author="ada")
        first = await find(agent, signature=ONE, limit=1)
        second = await find(agent, signature=ONE, limit=1, cursor=first.data["cursor"])
        another = await find(agent, signature=OTHER, limit=1, cursor=first.data["cursor"])
    assert [line["number"] for line in adas.data["builds"]] == [8]
    assert [line["number"] for line in second.data["builds"]] == [8]
    assert another.data["code"] == "INVALID_INPUT"


async def test_a_build_of_the_same_number_in_a_repository_enabled_anew_is_another_one(
    connect: Any, drone: respx.MockRouter, state: str
) -> None:
    await write(state, (failing_build(9), ONE))
    drone.get(BUILDS).respond(json=[bare(failing_build(9, id=4711))])
    async with connect(DRONE_MCP_STATE=state) as agent:
        answer = await find(agent, signature=ONE)
    assert answer.data["builds"] == []
    assert "1 failed build, 0 of them diagnosed" in answer.data["looked_at"]


async def test_without_a_store_that_is_reported_with_what_to_do(agent: Any) -> None:
    answer = await find(agent, signature=ONE)
    assert answer.data["code"] == "INVALID_INPUT"
    assert "DRONE_MCP_STATE" in answer.data["next_step"]
    assert "drone-logs" in answer.data["next_step"]


async def test_a_store_that_does_not_answer_finds_nothing_and_says_so(connect: Any, tmp_path: Path) -> None:
    async with connect(DRONE_MCP_STATE=f"sqlite://{tmp_path}/no/such/folder/state.db") as agent:
        answer = await find(agent, signature=ONE)
    assert (answer.data["code"], answer.data["retryable"]) == ("NETWORK_ERROR", True)


@pytest.mark.parametrize("wrong", ["", "0123456789a", "g" * 12, "0123456789ab0"])
async def test_what_is_no_signature_is_refused(agent: Any, wrong: str) -> None:
    answer = await find(agent, signature=wrong)
    assert answer.data["code"] == "INVALID_INPUT"


async def test_a_caller_who_may_not_read_the_repository_learns_nothing(
    connect: Any, drone: respx.MockRouter, state: str
) -> None:
    await write(state, (failing_build(9), ONE))
    drone.get(BUILDS).respond(404, json={"message": "Not Found"})
    async with connect(DRONE_MCP_STATE=state) as agent:
        answer = await find(agent, signature=ONE)
    assert answer.data["code"] == "NOT_FOUND"
    assert ONE not in answer.text
