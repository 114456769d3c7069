"""The properties of the plan that concern builds and the queue, with the numbers that they have there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jenkins_mcp_simulator.records import Plan
from support.played_jenkins import PlayedJenkins, names, played_jenkins, several_names

if TYPE_CHECKING:
    from collections.abc import Iterator

RESULTS = st.sampled_from(["SUCCESS", "UNSTABLE", "FAILURE", "NOT_BUILT", "ABORTED"])
CAUSE: dict[str, object] = {"shortDescription": "Started by user dev"}


@pytest.fixture(scope="module")
def play() -> Iterator[PlayedJenkins]:
    with played_jenkins() as play:
        yield play


@given(
    seconds=st.integers(0, 10_000),
    result=RESULTS,
    cause=st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20),
    parameters=st.dictionaries(
        names, st.one_of(st.booleans(), st.text(st.characters(categories=["L", "N", "Zs"]), max_size=20)), max_size=5
    ),
)
def test_property_10_a_build_is_described_as_it_was(
    play: PlayedJenkins, seconds: int, result: str, cause: str, parameters: dict[str, str | bool]
) -> None:
    job = play.job(play.folder(), "app", plan=Plan(seconds=seconds, result=result))
    play.do(play.world.trigger, job, [{"shortDescription": cause}], dict(parameters), 0)
    play.advance(seconds + 1)
    answer = play.call("jenkins_get_build", job=job.full_name, build=1).data
    assert (answer["result"], answer["running"], answer["seconds"]) == (result, False, seconds)
    assert answer["causes"] == [cause]
    written = {name: str(value).lower() if isinstance(value, bool) else value for name, value in parameters.items()}
    assert answer.get("parameters", {}) == written


@given(estimate=st.integers(10, 5000), elapsed=st.integers(0, 9000))
def test_property_11_a_running_build_tells_the_time_that_is_left(
    play: PlayedJenkins, estimate: int, elapsed: int
) -> None:
    job = play.job(play.folder(), "app", plan=Plan(seconds=estimate))
    play.do(play.world.trigger, job, [CAUSE], {}, 0)
    play.advance(estimate + 1)
    job.plan = Plan(seconds=10_000)
    play.do(play.world.trigger, job, [CAUSE], {}, 0)
    play.advance(elapsed)
    answer = play.call("jenkins_get_build", job=job.full_name).data
    assert (answer["running"], "result" in answer, answer["seconds"]) == (True, False, elapsed)
    assert answer.get("remaining_seconds", 0) - answer.get("overdue_seconds", 0) == estimate - elapsed


@given(some=several_names, quiet=st.integers(1, 1000))
def test_property_16_the_queue_shows_every_item(play: PlayedJenkins, some: list[str], quiet: int) -> None:
    folder = play.folder()
    for name in some:
        play.do(play.world.trigger, play.job(folder, name), [CAUSE], {}, quiet)
    answer = play.call("jenkins_get_queue", limit=50).data
    assert [item["job"] for item in answer["items"]] == [f"{folder.full_name}/{name}" for name in some]
    assert [item["position"] for item in answer["items"]] == [*range(1, len(some) + 1)]
    assert {item["item"] for item in answer["items"]} == set(play.world.items)
    assert answer["total"] == len(some)


@given(running=st.integers(0, 2), quiet=st.integers(0, 1), label=st.sampled_from(["", "nowhere"]))
def test_property_17_what_is_held_back_says_why(play: PlayedJenkins, running: int, quiet: int, label: str) -> None:
    job = play.job(play.folder(), "app", plan=Plan(seconds=100))
    for _ in range(running):
        play.do(play.world.trigger, job, [CAUSE], {"N": str(_)}, 0)
    job.label = label
    play.do(play.world.trigger, job, [CAUSE], {"N": "last"}, quiet * 60)
    items = play.call("jenkins_get_queue").data["items"]
    for item in items:
        assert item["why"]
        assert item["state"] == {"In": "waiting", "Bu": "blocked"}.get(item["why"][:2], "buildable")
    assert len(items) == sum(not item.has_left for item in play.world.items.values())
    if running and not quiet:
        assert (items[-1]["state"], "already in progress" in items[-1]["why"]) == ("blocked", True)
