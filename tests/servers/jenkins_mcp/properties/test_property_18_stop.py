"""Property 18: a stop is confirmed by looking at the build, and one that is over is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from support.actions_desk import Person
from support.jenkins_desk import work

if TYPE_CHECKING:
    from support.jenkins_desk import Desk


@settings(max_examples=100, deadline=None)
@given(
    kind=st.sampled_from(["freestyle", "pipeline"]),
    elapsed=st.integers(0, 120),
    ignores=st.booleans(),
    result=st.sampled_from(["SUCCESS", "FAILURE", "UNSTABLE"]),
)
def test_property_18_stop(kind: str, elapsed: int, ignores: bool, result: str) -> None:
    plan = {"seconds": 60, "result": result, "ignores_stop": ignores}
    scenario: dict[str, Any] = {"jobs": {"app": {"kind": kind, "next": plan}}}

    async def act(at: Desk) -> None:
        build = at.jenkins.world.trigger(at.jenkins.job("app"), [], {}, 0)[0].build
        assert build
        await at.jenkins.advance(elapsed)
        was_running = build.is_running
        answer = await at.call("jenkins_stop_build", job="app", build=1)
        assert not answer.failed, answer.text
        assert at.writes == (["POST /job/app/1/stop"] if was_running else [])
        expected = "nothing_to_do" if not was_running else "under_way" if build.is_running else "done"
        assert answer.data["outcome"] == expected
        assert answer.data.get("result", "") == (build.result if expected == "done" else "")
        if was_running and not ignores:
            assert (expected, build.result) == ("done", "ABORTED")

    work(scenario, act, Person())
