from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ci_mcp_logs.answer_text import size_of
from ci_mcp_logs.log_text import LogText
from drone_mcp_build.failed_steps import step_refs
from drone_mcp_logs.compare.answer import Pair, compose_comparison
from support.agent import numbered
from support.made_builds import any_builds, failing_build, made_build, made_stage, made_step
from support.simulator import running_simulator

if TYPE_CHECKING:
    import respx

    from drone_mcp_client.models import Build

BUILDS = "/api/repos/octo/hello/builds"
OLD, NEW = "a" * 40, "b" * 40


def writes(*outs: str) -> list[dict[str, Any]]:
    return [{"pos": index, "out": out, "time": index} for index, out in enumerate(outs)]


def good_build(number: int, **more: Any) -> dict[str, Any]:
    steps = (made_step(1, "clone"), made_step(2, "compile"), made_step(3, "test"), made_step(4, "publish"))
    return made_build(number, "success", made_stage(1, "default", "success", *steps), **more)


async def test_the_default_is_the_newest_build_against_the_last_good_one_before_it(connect: Any, era: str) -> None:
    async with (
        running_simulator("failures", socket=True) as drone,
        connect(era, DRONE_SERVER=drone.url, DRONE_TOKEN=drone.admin_token) as agent,
    ):
        answer = await agent.call("drone_compare_builds", repo="octo/polyglot")
    data = answer.data
    assert [build["number"] for build in data["builds"]] == [15, 1]
    assert data["summary"] == "different commits; 4 steps changed, 1 alike"
    assert "1/3 ci/check: success in 40 s -> failure, exit 1 in 40 s" in data["changed"]
    assert data["changed"][-1] == "1/4 ci/test: success in 80 s -> skipped"
    assert numbered(data["new"]["log"]) == [
        (3, "|", "FAIL: money_test.c:41: expected 3, got 2"),
        (4, "|", "make: *** [check] Error 1"),
    ]
    assert data["compare_link"].startswith("http://scm.invalid/octo/polyglot/compare/7e08")
    assert data["new"]["log"] in answer.text


async def test_lines_that_differ_in_numbers_only_are_not_new(agent: Any, drone: respx.MockRouter) -> None:
    drone.get(f"{BUILDS}/41").respond(json=failing_build())
    drone.get(f"{BUILDS}/40").respond(json=good_build(40))
    drone.get(f"{BUILDS}/41/logs/1/3").respond(json=writes("took 3.5s\n", "id 0xdeadbeef1\n", "boom\n", "took 9s\n"))
    drone.get(f"{BUILDS}/40/logs/1/3").respond(json=writes("took 12.1s\n", "id 0xcafe12345\n", "took 7s\n"))
    answer = await agent.call("drone_compare_builds", repo="octo/hello", a=41, b=40)
    assert (answer.data["new"]["lines"], answer.data["new"]["shown"]) == (1, 1)
    assert numbered(answer.data["new"]["log"]) == [(3, "|", "boom")]
    assert answer.data["summary"].startswith("the same commit; 2 steps changed")
    assert "same commit" in answer.data["next_step"]


async def test_new_lines_beyond_the_budget_are_counted(agent: Any, drone: respx.MockRouter) -> None:
    drone.get(f"{BUILDS}/41").respond(json=failing_build())
    drone.get(f"{BUILDS}/40").respond(json=good_build(40))
    new = [f"word{'x' * (number % 40)}y is new here, and as long as lines are\n" for number in range(400)]
    drone.get(f"{BUILDS}/41/logs/1/3").respond(json=writes(*new, "ERROR: boom\n"))
    drone.get(f"{BUILDS}/40/logs/1/3").respond(json=writes("fine\n"))
    answer = await agent.call("drone_compare_builds", repo="octo/hello", a=41, b=40, token_budget=500)
    assert answer.data["new"]["lines"] == 401
    assert answer.data["new"]["shown"] < 40
    assert "ERROR: boom" in answer.data["new"]["log"]
    assert answer.size <= 500


async def test_a_step_that_the_other_build_lacks_is_said(agent: Any, drone: respx.MockRouter) -> None:
    drone.get(f"{BUILDS}/41").respond(json=failing_build())
    drone.get(f"{BUILDS}/40").respond(json=made_build(40, "success", made_stage(1, "default", "success")))
    drone.get(f"{BUILDS}/41/logs/1/3").respond(json=writes("boom\n"))
    answer = await agent.call("drone_compare_builds", repo="octo/hello", a=41, b=40)
    assert answer.data["new"]["note"].startswith("No log to compare with: the step did not run in #40")
    assert "1/3 default/test: not there -> failure, exit 3 in 10 s" in answer.data["changed"]


async def test_without_a_good_build_before_it_says_what_to_give(agent: Any, drone: respx.MockRouter) -> None:
    drone.get(f"{BUILDS}/41").respond(json=failing_build())
    drone.get(BUILDS, params={"branch": "main"}).respond(json=[good_build(42), failing_build(40)])
    answer = await agent.call("drone_compare_builds", repo="octo/hello", a=41)
    assert answer.error["code"] == "NOT_FOUND"
    assert "b as the number" in answer.error["next_step"]


@settings(deadline=None, max_examples=40)  # the first example loads the distiller's model
@given(any_builds, any_builds, st.integers(200, 5_000))
def test_whatever_the_builds_the_answer_keeps_to_its_budget(a: Build, b: Build, budget: int) -> None:
    ref = next(iter(step_refs(a)), None)
    text = LogText(tuple(f'line {"z" * n} of "it"\t\\' for n in range(60))) if ref else None
    pair = Pair("octo/hello", a, b, "0a1b2c3d", ref, text, LogText(("other",)) if text else None)
    assert size_of(compose_comparison(pair, budget)) <= budget
