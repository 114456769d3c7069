"""Time stamps that the lines of an answer share: said once, left out of the lines, and still to be had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from support.made_builds import failing_build

if TYPE_CHECKING:
    import respx

BUILDS = "/api/repos/octo/hello/builds"
SAID = ["pulling the image", "compiling", "FAIL: money_test.c:41: expected 3, got 2", "make: *** [check] Error 1"]
TIMES = [f"2026-05-01T12:00:0{second}.1234567Z" for second in range(4)]
LEFT_OUT = f", without the time stamps of lines marked ~: {TIMES[0]} to {TIMES[3]}\n"
STAMPED = ["+ make check", *(f"{time} {line}" for time, line in zip(TIMES, SAID, strict=True))]
SHOWN = [(1, "|", "+ make check"), *((number, "~", line) for number, line in enumerate(SAID, 2))]


def writes(*lines: str) -> list[dict[str, Any]]:
    return [{"pos": index, "out": f"{line}\n", "time": index} for index, line in enumerate(lines)]


@pytest.fixture
def stamped(drone: respx.MockRouter) -> respx.MockRouter:
    """A failed build whose test ran in a container that writes the time before each line."""
    drone.get(f"{BUILDS}/41").respond(json=failing_build())
    drone.get(f"{BUILDS}/41/logs/1/3").respond(json=writes(*STAMPED))
    return drone


async def test_a_diagnosis_says_the_times_once(agent: Any, stamped: respx.MockRouter) -> None:
    stamped.get(f"{BUILDS}/latest").respond(json=failing_build())
    stamped.get(BUILDS).respond(json=[failing_build()])
    answer = await agent.diagnose(number=41)
    assert answer.lines() == SHOWN
    assert LEFT_OUT in answer.text
    assert LEFT_OUT in answer.data["failures"][0]["log"]
    assert answer.text.count("T12:00:0") == 2


async def test_a_comparison_says_the_times_once(agent: Any, stamped: respx.MockRouter) -> None:
    stamped.get(f"{BUILDS}/40").respond(json=failing_build(40))
    stamped.get(f"{BUILDS}/40/logs/1/3").respond(json=writes("+ make check"))
    answer = await agent.call("drone_compare_builds", repo="octo/hello", a=41, b=40)
    assert LEFT_OUT in answer.data["new"]["log"]
    assert "\n4~ FAIL: money_test.c:41: expected 3, got 2\n" in answer.text


@pytest.mark.usefixtures("stamped")
async def test_a_window_around_a_line_says_the_times_once(agent: Any) -> None:
    answer = await agent.logs(number=41, step="test", around=4)
    assert answer.lines() == SHOWN
    assert LEFT_OUT in answer.text


@pytest.mark.usefixtures("stamped")
async def test_one_line_has_one_time(agent: Any) -> None:
    answer = await agent.logs(number=41, step="test", tail=1)
    assert answer.lines() == SHOWN[-1:]
    assert f" marked ~: {TIMES[3]}\n" in answer.text


@pytest.mark.usefixtures("stamped")
async def test_a_match_keeps_its_time_as_that_may_be_what_was_searched_for(agent: Any) -> None:
    answer = await agent.search("12:00:02", number=41, step="test", context=1, literal=True)
    assert answer.lines() == [SHOWN[2], (4, ">", STAMPED[3]), SHOWN[4]]
    assert f" marked ~: {TIMES[1]} to {TIMES[3]}\n" in answer.text


@pytest.mark.usefixtures("stamped")
async def test_the_resource_holds_every_time_stamp(agent: Any) -> None:
    resource = await agent.client.read_resource("drone://repo/octo/hello/build/41/logs/1/3")
    assert "\n".join(f"{number}| {line}" for number, line in enumerate(STAMPED, 1)) in resource.contents[0].text
