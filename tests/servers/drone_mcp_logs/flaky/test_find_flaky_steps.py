from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ci_mcp_simulator.clock import EPOCH
from drone_mcp_client.models import Build
from drone_mcp_state import open_store
from support.made_builds import T0, made_build, made_repo, made_stage, made_step
from support.simulator import running_simulator

if TYPE_CHECKING:
    from pathlib import Path

    import respx

TOOL = "drone_find_flaky_steps"
REPO = "/api/repos/octo/hello"
BUILDS = f"{REPO}/builds"


def made(number: int, status: str, commit: str, **more: Any) -> dict[str, Any]:
    step = made_step(1, "test", status, exit_code=1 if status == "failure" else 0)
    return made_build(number, status, made_stage(1, "ci", status, step), after=commit, **more)


def bare(build: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in build.items() if key != "stages"}


def asked(drone: respx.MockRouter) -> list[str]:
    return [call.request.url.path.removeprefix(REPO) for call in drone.calls]


async def test_steps_that_fail_without_a_change_are_found_with_the_builds_that_show_it(connect: Any, era: str) -> None:
    async with (
        running_simulator("history", socket=True) as drone,
        connect(era, DRONE_SERVER=drone.url, DRONE_TOKEN=drone.admin_token) as agent,
    ):
        answer = await agent.call(TOOL, repo="octo/shop")
    e2e, audit = answer.data["steps"]
    assert (e2e["name"], e2e["failed"], e2e["runs"], e2e["commits"]) == ("ci/e2e", 2, 7, 2)
    assert (e2e["percent"], e2e["low"], e2e["high"]) == (28.6, 8.2, 64.1)
    assert e2e["builds"] == [
        "4a4a4a4a4a: #4 passed (push), #5 failed (exit 1) (pull_request), #6 passed (push)",
        "2a2a2a2a2a: #2 failed (exit 1) (push), #3 passed (cron)",
    ]
    assert "ignored" not in e2e
    assert (audit["name"], audit["ignored"]) == ("ci/audit", True)
    assert "ci/audit: failed in 1 of 5 runs on commits that it passed on (20 %, likely 3.6 to 62.4 %); " in answer.text
    assert answer.data["summary"].startswith("2 steps passed and failed on the same commit, in 13 builds of 10 commits")
    assert answer.data["next_step"].startswith("drone_compare_builds with a 5 and b 6 ")
    assert answer.size <= 2_000


async def test_days_and_builds_narrow_what_is_looked_at(connect: Any) -> None:
    async with (
        running_simulator("history", socket=True) as drone,
        connect(DRONE_SERVER=drone.url, DRONE_TOKEN=drone.admin_token, clock=lambda: EPOCH) as agent,
    ):

        async def looked_at(**window: int) -> str:
            said: str = (await agent.call(TOOL, repo="octo/shop", **window)).data["looked_at"]
            return said.partition(",")[0]

        assert await looked_at(days=3) == "the newest 6 builds"
        assert await looked_at(days=30) == "the newest 13 builds"
        assert await looked_at(builds=4) == "the newest 4 builds"
        assert await looked_at(builds=4, days=1) == "the newest 4 builds"


@pytest.mark.parametrize("wrong", [{"days": 0}, {"days": 366}, {"builds": 1}, {"builds": 501}])
async def test_a_window_out_of_bounds_is_refused(agent: Any, wrong: dict[str, int]) -> None:
    assert (await agent.call(TOOL, repo="octo/shop", **wrong)).error["code"] == "INVALID_INPUT"


async def test_a_restart_is_reported_as_one(agent: Any, drone: respx.MockRouter) -> None:
    builds = made(2, "success", "a" * 40, parent=1), made(1, "failure", "a" * 40)
    drone.get(BUILDS).respond(json=[bare(build) for build in builds])
    for build in builds:
        drone.get(f"{BUILDS}/{build['number']}").respond(json=build)
    answer = await agent.call(TOOL, repo="octo/hello")
    assert answer.data["steps"][0]["builds"] == ["aaaaaaaaaa: #1 failed (exit 1) (push), #2 passed (restart of #1)"]


async def test_builds_that_ran_nothing_cost_no_request(agent: Any, drone: respx.MockRouter) -> None:
    drone.get(BUILDS).respond(
        json=[
            made_build(4, "running"),
            made_build(3, "skipped"),
            made_build(2, "error", error="yaml: line 3"),
            made_build(1, "declined"),
        ]
    )
    answer = await agent.call(TOOL, repo="octo/hello")
    assert asked(drone) == ["/builds"]
    assert answer.data["summary"] == "no step ran in the builds looked at"
    assert "next_step" not in answer.data


async def test_a_repository_without_builds_is_an_answer(agent: Any, drone: respx.MockRouter) -> None:
    drone.get(BUILDS).respond(json=[])
    answer = await agent.call(TOOL, repo="octo/hello")
    assert answer.data["looked_at"] == "no builds, with 1 request for builds and logs"


async def test_more_builds_than_requests_are_told_to_be_left_out(agent: Any, drone: respx.MockRouter) -> None:
    """The builds that are read are the newest ones: choosing those that promise most would make rates too high."""
    builds = [made(number, "success", f"{number:040x}") for number in range(90, 0, -1)]
    drone.get(BUILDS).respond(json=[bare(build) for build in builds])
    for build in builds:
        drone.get(f"{BUILDS}/{build['number']}").respond(json=build)
    drone._assert_all_called = False
    answer = await agent.call(TOOL, repo="octo/hello", builds=90)
    assert len(drone.calls) == 60
    assert min(int(path.rsplit("/", 1)[1]) for path in asked(drone)[1:]) == 32
    assert answer.data["left_out"] == "31 older builds: one call sends at most 60 requests"
    assert "no commit was built twice" in answer.data["summary"]


async def test_with_a_store_hundreds_of_builds_cost_one_request(
    connect: Any, drone: respx.MockRouter, tmp_path: Path
) -> None:
    state = f"sqlite://{tmp_path}/state.db"
    async with open_store(state) as store:
        for number in range(1, 201):
            status = "failure" if number % 10 == 0 else "success"
            build = Build.model_validate(made(number, status, f"{number // 2:040x}"))
            await store.apply("octo/hello", build, source="webhook", at=T0)
    drone.get(REPO).respond(json=made_repo("octo/hello", counter=200))
    reported: list[float] = []

    async def progress(done: float, _total: float | None, _message: str | None) -> None:
        reported.append(done)

    async with connect(DRONE_MCP_STATE=state) as agent:
        result = await agent.client.call_tool(TOOL, {"repo": "octo/hello", "builds": 200}, progress_callback=progress)
    data = result.structured_content
    (step,) = data["steps"]
    assert (step["failed"], step["commits"]) == (19, 19)
    assert step["low"] < step["percent"] < step["high"]
    assert len(step["builds"]) == 5
    assert step["builds"][-1] == "and 15 more commits"
    assert "200 of them from the store" in data["looked_at"]
    assert asked(drone) == [""], "the proof that the token may read it"
    assert reported == sorted(set(reported))
    assert reported[-1] == 200


@pytest.mark.parametrize("name", ["x" * 300, '"<<<log \u202e' * 20])
async def test_many_flaky_steps_with_long_names_keep_to_2000_tokens(
    agent: Any, drone: respx.MockRouter, name: str
) -> None:
    def stage(failing: bool) -> dict[str, Any]:
        status = "failure" if failing else "success"
        return made_stage(1, name, status, *(made_step(n, f"{name}{n}", status) for n in range(1, 40)))

    builds = [made_build(n, "success", stage(n % 2 == 0), after=f"{n // 2:040x}") for n in range(20, 1, -1)]
    drone.get(BUILDS).respond(json=[bare(build) for build in builds])
    for build in builds:
        drone.get(f"{BUILDS}/{build['number']}").respond(json=build)
    answer = await agent.call(TOOL, repo="octo/hello")
    assert answer.size <= 2_000
    assert "more steps" in answer.data["left_out"]
    assert "\u202e" not in answer.text
