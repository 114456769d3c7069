"""A failure is acquitted only by a build of an earlier commit; later builds and restarts acquit nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_client.models import Build
from drone_mcp_diagnosis.other_builds import history_around
from support.made_builds import failing_build, made_build, made_repo, made_stage

if TYPE_CHECKING:
    import respx

BUILDS = "/api/repos/octo/hello/builds"
CAUSE = [{"pos": 0, "out": "FAIL: money_test.c:41: expected 3, got 2\n", "time": 0}]


def commit(order: int) -> str:
    return f"{order:040x}"


def good(number: int, of: int, **more: Any) -> dict[str, Any]:
    return made_build(number, "success", made_stage(1, "default"), after=commit(of), **more)


def bad(number: int, of: int, **more: Any) -> dict[str, Any]:
    return failing_build(number, after=commit(of), **more)


def serve(drone: respx.MockRouter, *builds: dict[str, Any]) -> None:
    """Answer with these builds of main, newest first, whose failures are all the same."""
    drone._assert_all_called = False  # which of them are read is the matter of other tests
    drone.get("/api/repos/octo/hello").respond(json=made_repo("octo/hello"))
    on_main = [build for build in builds if build["ref"] == "refs/heads/main"]
    for build in builds:
        drone.get(f"{BUILDS}/{build['number']}").respond(json=build)
        drone.get(f"{BUILDS}/{build['number']}/logs/1/3").respond(json=CAUSE)
    drone.get(f"{BUILDS}/latest").respond(json=on_main[0])
    drone.get(BUILDS, params={"branch": "main"}).respond(json=on_main)
    drone.get(BUILDS).respond(json=[build for build in builds if build not in on_main])


async def reported(agent: Any, number: int) -> str:
    return str((await agent.diagnose(number=number)).data["on_target"])


async def test_the_build_that_broke_the_branch_is_new_there_whatever_came_on_top(
    agent: Any, drone: respx.MockRouter
) -> None:
    serve(drone, bad(6, 6), bad(5, 5), bad(4, 4), good(3, 3))
    assert (
        await reported(agent, 4)
        == "no: main's previous build #3 is good, so it is new here; main since: #6 fails as well"
    )
    assert (await reported(agent, 5)).startswith("yes: main's previous build #4 fails in the same way")


async def test_a_restart_acquits_neither_itself_nor_the_build_that_it_repeats(
    agent: Any, drone: respx.MockRouter
) -> None:
    serve(drone, bad(5, 4, parent=4), bad(4, 4), good(3, 3))
    for number in (4, 5):
        assert await reported(agent, number) == "no: main's previous build #3 is good, so it is new here"


async def test_a_restart_after_later_failures_is_judged_where_its_commit_stands(
    agent: Any, drone: respx.MockRouter
) -> None:
    serve(drone, bad(8, 4, parent=7), bad(7, 4, parent=4), bad(6, 6), bad(5, 5), bad(4, 4), good(3, 3))
    assert (await reported(agent, 8)).startswith("no: main's previous build #3 is good, so it is new here")


async def test_a_first_failure_without_anything_before_it_is_not_acquitted(agent: Any, drone: respx.MockRouter) -> None:
    serve(drone, bad(2, 1, parent=1), bad(1, 1))
    for number in (1, 2):
        assert await reported(agent, number) == "unknown: no build of main before this commit passed or failed"


async def test_a_pass_of_the_same_commit_is_reported(agent: Any, drone: respx.MockRouter) -> None:
    serve(drone, bad(5, 4, parent=4), good(4, 4), good(3, 3))
    assert "the same commit passed in #4, so the change alone does not explain it" in await reported(agent, 5)


async def test_commits_whose_builds_were_stopped_share_the_suspicion(agent: Any, drone: respx.MockRouter) -> None:
    serve(drone, bad(5, 5), made_build(4, "killed", after=commit(4)), good(3, 3))
    assert (await reported(agent, 5)).startswith("no: main's previous build #3 is good, so it is new here or in #4")


async def test_a_deployment_is_no_evidence_about_a_push(agent: Any, drone: respx.MockRouter) -> None:
    deployed = good(4, 2, event="promote", deploy_to="staging", parent=2)
    serve(drone, bad(5, 5), deployed, bad(3, 3), good(2, 2))
    assert (await reported(agent, 5)).startswith("yes: main's previous build #3 fails in the same way")


@pytest.mark.parametrize("restarts", [0, 1, 2])
async def test_a_pull_request_is_not_acquitted_by_what_followed_it(
    agent: Any, drone: respx.MockRouter, restarts: int
) -> None:
    """Build 6 is the merge of the pull request that builds 5 and up are of."""
    change = {"event": "pull_request", "ref": "refs/pull/7/head", "source": "topic", "target": "main"}
    tries = [bad(7 + index, 5, **change, parent=5 if index == 0 else 6 + index) for index in range(restarts)]
    serve(drone, *reversed(tries), bad(6, 6), bad(5, 5, **change), good(3, 3))
    found = await reported(agent, 5 + (1 + restarts if restarts else 0))
    assert found == "no: main's newest build before it, #3, is good, so it is new here; main since: #6 fails as well"


async def test_a_branch_of_its_own_is_compared_with_the_default_branch_before_it(
    agent: Any, drone: respx.MockRouter
) -> None:
    topic = {"ref": "refs/heads/topic", "source": "topic", "target": "topic"}
    serve(drone, bad(6, 6), bad(5, 5, **topic), good(3, 3))
    assert (await reported(agent, 5)).startswith("no: main's newest build before it, #3, is good, so it is new here")


@st.composite
def histories(draw: st.DrawFn) -> list[Build]:
    """Make the builds of a branch, newest first: pushes of commits in their order, with restarts of any in between."""
    builds: list[Build] = []
    statuses = st.sampled_from(("success", "failure", "error", "killed", "skipped"))
    pushed = 0
    for number in range(1, draw(st.integers(1, 12)) + 1):
        parent = draw(st.none() | st.sampled_from(builds)) if builds else None
        pushed += parent is None
        more = {"after": parent.after, "parent": parent.number} if parent else {"after": commit(pushed)}
        builds.append(Build.model_validate(made_build(number, draw(statuses), **more)))
    return builds[::-1]


@given(histories())
def test_only_an_earlier_commit_is_evidence_and_only_the_nearest_that_passed_or_failed(builds: list[Build]) -> None:
    for build in builds:
        first = min(other.number for other in builds if other.after == build.after)
        found = history_around(build, first, builds)
        earlier = [one for one in builds if one.after < build.after and one.number < first]
        telling = [one for one in earlier if one.status in {"success", "failure", "error"}]
        assert found.before == next(iter(telling), None)
        assert all(one in earlier and one not in telling for one in found.between)
        assert found.after is None or found.after.after > build.after
        assert found.passed is None or (found.passed.after, found.passed.status) == (build.after, "success")
