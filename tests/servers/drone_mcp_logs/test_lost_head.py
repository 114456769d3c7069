"""Every answer from a log whose beginning the runner dropped says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from support.made_builds import failing_build, made_build, made_repo, made_stage, made_step

if TYPE_CHECKING:
    from pathlib import Path

    import respx

BUILDS = "/api/repos/octo/hello/builds"
LOST = "the beginning is lost and the cause may be in it"
CALLS: dict[str, dict[str, Any]] = {
    "drone_get_build_logs": {"number": 41, "step": "test"},
    "drone_search_build_logs": {"number": 41, "step": "test", "pattern": "no such words"},
    "drone_diagnose_build": {"number": 41},
    "drone_compare_builds": {"a": 41, "b": 40},
    "drone_find_regression": {},
}


GOOD = made_build(40, "success", made_stage(1, "default", "success", made_step(3, "test")))


def answers(good_pos: int) -> dict[str, Any]:
    """A failed build whose log is without its beginning, and a good one before it."""
    return {
        "/41": failing_build(),
        "/40": GOOD,
        "": [failing_build(), GOOD],
        "/latest": failing_build(),
        "/41/logs/1/3": [{"pos": 21_862, "out": "FAIL: a_test.c:41\n", "time": 9}],
        "/40/logs/1/3": [{"pos": good_pos, "out": "fine\n", "time": 9}],
    }


def serve(drone: respx.MockRouter, good_pos: int = 0) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix(BUILDS)
        return httpx.Response(200, json=answers(good_pos).get(path, made_repo("octo/hello")))

    drone.get(path__startswith="/api/repos/octo/hello").mock(side_effect=answer)


@pytest.fixture
def lost(drone: respx.MockRouter) -> None:
    serve(drone)


@pytest.mark.usefixtures("lost")
@pytest.mark.parametrize("tool", CALLS)
async def test_a_tool_that_reads_it_says_that_the_cause_may_be_in_what_is_lost(agent: Any, tool: str) -> None:
    answer = await agent.call(tool, repo="octo/hello", **CALLS[tool])
    assert answer.text.count(LOST) == 1


@pytest.mark.usefixtures("lost")
async def test_the_resource_says_it(agent: Any) -> None:
    content = (await agent.client.read_resource("drone://repo/octo/hello/build/41/logs/1/3")).contents[0]
    assert LOST in content.text


async def test_a_comparison_with_a_log_without_its_beginning_says_that_lines_may_be_old(
    agent: Any, drone: respx.MockRouter
) -> None:
    serve(drone, good_pos=7)
    answer = await agent.call("drone_compare_builds", repo="octo/hello", a=41, b=40)
    assert "lines shown here may be old" in answer.text


async def test_a_regression_from_a_stored_signature_says_it_without_the_log(
    connect: Any, drone: respx.MockRouter, tmp_path: Path
) -> None:
    serve(drone)
    state = f"sqlite://{tmp_path}/state.db"
    async with connect(DRONE_MCP_STATE=state) as diagnosing:
        await diagnosing.call("drone_diagnose_build", repo="octo/hello", number=41)
    asked_before = len(drone.calls)
    async with connect(DRONE_MCP_STATE=state) as searching:
        answer = await searching.call("drone_find_regression", repo="octo/hello")
    assert f"in the log of #41 {LOST}" in answer.text
    assert not [call for call in list(drone.calls)[asked_before:] if "/logs/" in call.request.url.path]
