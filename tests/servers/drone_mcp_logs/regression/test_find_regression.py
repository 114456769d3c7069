from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from ci_mcp_kit.token_count import count_tokens
from drone_mcp_client.models import Build
from drone_mcp_state import open_store
from support.made_builds import T0, made_build, made_repo, made_stage, made_step
from support.simulator import running_simulator

if TYPE_CHECKING:
    from pathlib import Path

    import respx

TOOL = "drone_find_regression"
REPO = "/api/repos/octo/hello"
BUILDS = f"{REPO}/builds"
PRICE = "--- FAIL: TestRound\n    price_test.go:41: Round(0.125) = 0.13, want 0.12\n"
CART = "cart/total.go:18:9: undefined: discount\n"


def failing(number: int, **more: Any) -> dict[str, Any]:
    step = made_step(1, "test", "failure", exit_code=1)
    return made_build(number, "failure", made_stage(1, "ci", "failure", step), **more)


def bare(build: dict[str, Any]) -> dict[str, Any]:
    """A build as lists show it."""
    return {key: value for key, value in build.items() if key != "stages"}


def serve(drone: respx.MockRouter, *builds: dict[str, Any], branch: str = "main", **logs: str) -> None:
    """List the builds, and answer for each that may be asked for; logs by number, as `log_7`."""
    drone.get(BUILDS, params={"branch": branch}).respond(json=[bare(build) for build in builds])
    for build in builds:
        number = build["number"]
        drone.get(f"{BUILDS}/{number}").mock(return_value=drone_answer(build))
        if f"log_{number}" in logs:
            log = [{"pos": 0, "out": logs[f"log_{number}"], "time": 1}]
            drone.get(f"{BUILDS}/{number}/logs/1/1").mock(return_value=drone_answer(log))


def drone_answer(body: Any) -> httpx.Response:
    return httpx.Response(200, json=body)


@pytest.fixture
def lenient(drone: respx.MockRouter) -> respx.MockRouter:
    """A Drone that is not asked for all that it could answer: these tests look at what was asked themselves."""
    drone._assert_all_called = False
    return drone


def asked(drone: respx.MockRouter) -> list[str]:
    return [call.request.url.path.removeprefix(REPO) for call in drone.calls]


async def test_a_branch_that_broke_three_builds_ago(connect: Any, era: str) -> None:
    async with (
        running_simulator("history", socket=True) as drone,
        connect(era, DRONE_SERVER=drone.url, DRONE_TOKEN=drone.admin_token) as agent,
    ):
        answer = await agent.call(TOOL, repo="octo/shop")
        asked = [request.path for request in drone.asked]
    data = answer.data
    assert (data["verdict"], data["branch"]) == ("broken_since", "main")
    assert (data["last_good"], data["first_failed"], data["first_seen"], data["newest_failed"]) == (6, 8, 8, 10)
    assert [line.split()[0] for line in data["builds"]] == ["#10", "#9", "#8", "#7", "#6"]
    assert data["builds"][2].endswith('by ada "Show prices with tax": first failed, first seen')
    assert data["builds"][3].endswith("shows nothing, but its change may be the cause")
    assert data["next_step"] == "drone_compare_builds with a 8 and b 6 shows what changed"
    assert data["summary"] in answer.text
    assert len(asked) <= 10
    assert answer.size <= 2_000


async def test_a_failure_that_is_new_on_a_branch_that_was_broken_already(connect: Any) -> None:
    async with (
        running_simulator("history", socket=True) as drone,
        connect(DRONE_SERVER=drone.url, DRONE_TOKEN=drone.admin_token) as agent,
    ):
        answer = await agent.call(TOOL, repo="octo/shop", branch="refs/heads/release")
    data = answer.data
    assert (data["verdict"], data["first_failed"], data["first_seen"]) == ("new_here", 12, 13)
    assert data["summary"].startswith("new here: #13 is the first that fails in this way; broken otherwise since #12")
    assert data["next_step"] == "drone_compare_builds with a 13 and b 12 shows what changed"


async def test_a_step_that_passes_is_not_broken_whatever_else_is(connect: Any) -> None:
    async with (
        running_simulator("history", socket=True) as drone,
        connect(DRONE_SERVER=drone.url, DRONE_TOKEN=drone.admin_token) as agent,
    ):
        answer = await agent.call(TOOL, repo="octo/shop", step="ci/e2e")
        unknown = await agent.call(TOOL, repo="octo/shop", step="deploy")
    assert (answer.data["verdict"], answer.data["step"]) == ("passing", "ci/e2e")
    assert answer.data["last_good"] == 6, "the newest build in which it ran"
    assert unknown.error["code"] == "NOT_FOUND"
    assert "1/2 ci/test" in unknown.error["next_step"]


async def test_the_address_of_a_step_asks_about_it_as_of_that_build(connect: Any) -> None:
    async with (
        running_simulator("history", socket=True) as drone,
        connect(DRONE_SERVER=drone.url, DRONE_TOKEN=drone.admin_token) as agent,
    ):
        answer = await agent.call(TOOL, repo=f"{drone.url}/octo/shop/2/1/3")
    data = answer.data
    assert (data["step"], data["verdict"]) == ("ci/e2e", "new_here")
    assert (data["newest_failed"], data["last_good"]) == (2, 1)


async def test_a_failure_that_was_there_before_is_told_to_have_come_back(agent: Any, lenient: respx.MockRouter) -> None:
    lenient.get(REPO).respond(json=made_repo("octo/hello", counter=5))
    builds = failing(5), made_build(4), failing(3), failing(2), made_build(1)
    serve(lenient, *builds, log_5=PRICE, log_3=CART, log_2=PRICE)
    answer = await agent.call(TOOL, repo="octo/hello")
    assert (answer.data["verdict"], answer.data["seen_before"]) == ("came_back", [2])
    assert "a failure that was there before #4 passed is back since #5" in answer.text
    assert "drone_find_flaky_steps" in answer.data["next_step"]


async def test_without_a_good_build_that_is_said(agent: Any, lenient: respx.MockRouter) -> None:
    serve(lenient, failing(2), failing(1), log_2=PRICE, log_1=PRICE)
    answer = await agent.call(TOOL, repo="octo/hello", branch="main")
    assert (answer.data["verdict"], answer.data["first_seen"]) == ("broken_since", 1)
    assert "last_good" not in answer.data
    assert "no good build was found before" in answer.data["summary"]
    assert answer.data["next_step"] == "drone_diagnose_build with number 2 says why it fails"


async def test_what_stops_a_build_before_its_first_step_is_compared_as_well(
    agent: Any, lenient: respx.MockRouter
) -> None:
    misconfigured = [made_build(number, "error", error=f"yaml: line {number}: bad indent") for number in (3, 2)]
    serve(lenient, *misconfigured, made_build(1))
    answer = await agent.call(TOOL, repo="octo/hello", branch="main")
    assert (answer.data["verdict"], answer.data["first_seen"]) == ("broken_since", 2)
    assert asked(lenient) == ["/builds"], "the list tells the error already"


async def test_a_failure_that_no_log_tells_is_unclear(agent: Any, lenient: respx.MockRouter) -> None:
    serve(lenient, failing(2), made_build(1))
    lenient.get(f"{BUILDS}/2/logs/1/1").respond(404, json={"message": "sql: no rows in result set"})
    answer = await agent.call(TOOL, repo="octo/hello", branch="main")
    assert (answer.data["verdict"], answer.data["first_failed"]) == ("unclear", 2)
    assert "no log or error shows how #2 failed" in answer.text


async def test_a_branch_without_builds_is_an_answer_and_a_repository_that_is_not_there_is_none(
    agent: Any, drone: respx.MockRouter
) -> None:
    drone.get(BUILDS, params={"branch": "topic"}).respond(json=[])
    drone.get("/api/repos/octo/gone").respond(404, json={"message": "sql: no rows in result set"})
    assert (await agent.call(TOOL, repo="octo/hello", branch="topic")).data["verdict"] == "no_builds"
    assert (await agent.call(TOOL, repo="octo/gone")).error["code"] == "NOT_FOUND"


async def test_a_long_streak_is_searched_by_halving_within_the_budget_of_requests(
    agent: Any, lenient: respx.MockRouter
) -> None:
    """99 failures in a row, of which the newest 70 are this one."""
    builds = [failing(number) for number in range(100, 1, -1)] + [made_build(1)]
    logs = {f"log_{number}": PRICE if number > 30 else CART for number in range(2, 101)}
    serve(lenient, *builds, **logs)
    reported: list[tuple[float, float | None]] = []

    async def progress(done: float, total: float | None, _: str | None) -> None:
        reported.append((done, total))

    arguments = {"repo": "octo/hello", "branch": "main"}
    result = await agent.client.call_tool(TOOL, arguments, progress_callback=progress)
    data = result.structured_content
    assert (data["verdict"], data["first_failed"], data["first_seen"]) == ("broken_since", 2, 31)
    assert len(asked(lenient)) <= 40
    assert [done for done, _ in reported] == sorted({done for done, _ in reported}), "progress rises with every note"
    assert reported
    assert {total for _, total in reported} == {40}
    assert any(line.startswith("... ") for line in data["builds"])
    assert any("#31 " in line and "first seen" in line for line in data["builds"])
    assert count_tokens(result.content[0].text) <= 2_000


async def test_however_long_titles_and_names_are_the_answer_keeps_to_2000_tokens(
    agent: Any, lenient: respx.MockRouter
) -> None:
    long = {"message": '\u202e"quoted" ' + "x" * 500, "author_login": "a" * 300}
    builds = [failing(number, **long) for number in range(60, 1, -1)] + [made_build(1, **long)]
    serve(lenient, *builds, **{f"log_{number}": PRICE for number in range(2, 61)})
    answer = await agent.call(TOOL, repo="octo/hello", branch="main")
    assert answer.size <= 2_000
    assert "\u202e" not in answer.text


async def test_what_the_store_knows_is_not_asked_of_drone(
    connect: Any, lenient: respx.MockRouter, tmp_path: Path
) -> None:
    state = f"sqlite://{tmp_path}/state.db"
    builds = failing(4), failing(3), made_build(2, "success", made_stage(1, "ci", "success")), failing(1)
    async with open_store(state) as store:
        for build in builds:
            await store.apply("octo/hello", Build.model_validate(build), source="webhook", at=T0)
    lenient.get(REPO).respond(json=made_repo("octo/hello", counter=4))
    serve(lenient, *builds, log_4=PRICE, log_3=PRICE, log_1=CART)
    async with connect(DRONE_MCP_STATE=state) as agent:
        first = await agent.call(TOOL, repo="octo/hello")
        paths = asked(lenient)
        again = await agent.call(TOOL, repo="octo/hello")
    assert (first.data["verdict"], first.data["first_seen"]) == ("broken_since", 3)
    assert paths == ["", "/builds/4/logs/1/1", "/builds/3/logs/1/1", "/builds/1/logs/1/1"], "the proof, and the logs"
    assert "4 of them from the store" in first.data["looked_at"]
    assert asked(lenient)[len(paths) :] == [], "and the second time the signatures are kept as well"
    assert again.data["signature"] == first.data["signature"]


async def test_where_the_store_ends_the_pages_of_drone_go_on(
    connect: Any, lenient: respx.MockRouter, tmp_path: Path
) -> None:
    state = f"sqlite://{tmp_path}/state.db"
    builds = failing(4), failing(3), failing(2), made_build(1)
    async with open_store(state) as store:
        for build in builds[:2]:
            await store.apply("octo/hello", Build.model_validate(build), source="webhook", at=T0)
    lenient.get(REPO).respond(json=made_repo("octo/hello", counter=4))
    serve(lenient, *builds, log_4=PRICE, log_3=PRICE, log_2=PRICE)
    async with connect(DRONE_MCP_STATE=state) as agent:
        answer = await agent.call(TOOL, repo="octo/hello")
    assert (answer.data["first_seen"], answer.data["last_good"]) == (2, 1)
    assert [line.split()[0] for line in answer.data["builds"]] == ["#4", "#3", "#2", "#1"]
    assert "/builds/4" not in asked(lenient)
    assert "/builds/2" in asked(lenient)


async def test_a_caller_who_may_not_read_the_repository_learns_nothing_from_the_store(
    connect: Any, tmp_path: Path
) -> None:
    state = f"sqlite://{tmp_path}/state.db"
    async with running_simulator("history", socket=True) as drone:
        for token, fails in ((drone.admin_token, False), (drone.token("guest"), True)):
            variables = {"DRONE_SERVER": drone.url, "DRONE_TOKEN": token, "DRONE_MCP_STATE": state}
            async with connect(**variables) as agent:
                for tool in (TOOL, "drone_find_flaky_steps"):
                    answer = await agent.call(tool, repo="octo/shop")
                    assert answer.failed is fails
                    assert not fails or answer.error["code"] == "NOT_FOUND"


async def test_a_restart_of_an_older_commit_does_not_fix_the_branch(connect: Any, lenient: respx.MockRouter) -> None:
    commits = {number: {"after": f"{number:040x}"} for number in range(1, 7)}
    restarted = {**made_build(6, "success", made_stage(1, "ci")), **commits[2], "parent": 2}
    good = made_build(2, "success", made_stage(1, "ci"), **commits[2])
    bad = [failing(number, **commits[number]) for number in (5, 4, 3)]
    lenient.get(REPO).respond(json=made_repo("octo/hello", link="https://git.example.com/octo/hello"))
    serve(lenient, restarted, *bad, good, log_5=PRICE, log_4=PRICE, log_3=PRICE)
    async with connect() as agent:
        data = (await agent.call(TOOL, repo="octo/hello", branch="main")).data
    assert (data["verdict"], data["first_failed"], data["newest_failed"]) == ("broken_since", 3, 5)
    assert data["compare_link"] == f"https://git.example.com/octo/hello/compare/{2:040x}...{3:040x}"


async def test_a_restart_of_the_commit_that_broke_the_branch_is_not_a_later_failure(
    connect: Any, lenient: respx.MockRouter
) -> None:
    commits = {number: {"after": f"{number:040x}"} for number in range(1, 7)}
    again = failing(5, **commits[3], parent=3)
    fixed = made_build(4, "success", made_stage(1, "ci"), **commits[4])
    serve(lenient, again, fixed, failing(3, **commits[3]), made_build(2, **commits[2]), log_5=PRICE)
    async with connect() as agent:
        data = (await agent.call(TOOL, repo="octo/hello", branch="main")).data
    assert data["verdict"] == "passing"
