"""Every tool on a build in every state that Drone knows, and one that it does not know yet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import anyio
import pytest

from drone_mcp_simulator.scm import Pipeline
from support.actions_desk import ADDITIONS, TOOLS, Desk, Person

OVER = ("success", "failure", "error", "killed", "skipped", "declined")
STATES = (*OVER, "pending", "running", "from a later release")


def put_into(desk: Desk, state: str) -> None:
    """Put build 2 of octo/hello into a state."""
    desk.build("octo/hello", 2).status = state
    for stage in desk.build("octo/hello", 2).stages:
        stage.status = state


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("tool", TOOLS)
async def test_a_build_that_is_not_held_is_handled_as_its_state_allows(at: Any, tool: str, state: str) -> None:
    async with at() as desk:
        put_into(desk, state)
        answer = await desk.call(tool, repo="octo/hello", number=2, dry_run=True)
        real = await desk.call(tool, repo="octo/hello", number=2)
        left = desk.writes
    if tool == "drone_restart_build" and state == "declined":
        assert (real.code, left) == ("INVALID_INPUT", [])
    elif tool == "drone_restart_build":
        assert (answer.data["outcome"], real.data["outcome"], real.data["new_build"]) == ("dry_run", "done", 4)
        assert left == ["POST /api/repos/octo/hello/builds/2"]
    elif tool == "drone_stop_build" and state not in OVER:
        assert (answer.data["needs_confirmation"], real.code, left) == (True, "NOT_CONFIRMED", [])
    else:
        assert answer.data["outcome"] == real.data["outcome"] == "nothing_to_do"
        assert state in real.data["message"]
        assert left == []


@pytest.mark.parametrize("state", ["pending", "running", "from a later release"])
async def test_a_build_that_is_not_over_is_stopped_with_a_person_s_word(at: Any, state: str) -> None:
    async with at(person=Person()) as desk:
        put_into(desk, state)
        answer = await desk.call("drone_stop_build", repo="octo/hello", number=2)
        assert desk.writes == ["DELETE /api/repos/octo/hello/builds/2"]
        now = desk.build("octo/hello", 2).status
    assert answer.data["status"] == now
    assert answer.data["message"] == f"Build 2 of octo/hello is {now}"


async def test_a_held_build_is_stopped_with_a_person_s_word(at: Any) -> None:
    async with at(person=Person()) as desk:
        answer = await desk.call("drone_stop_build", repo="octo/guarded", number=1)
        assert desk.writes == ["DELETE /api/repos/octo/guarded/builds/1"]
    assert (answer.data["status"], answer.data["stages"]) == ("killed", {"1": "skipped", "2": "skipped"})


async def test_held_stages_are_approved_in_the_order_of_their_numbers(at: Any) -> None:
    async with at() as desk:
        answer = await desk.call("drone_approve_build", repo="octo/guarded", number=1)
        assert desk.writes == [f"POST /api/repos/octo/guarded/builds/1/approve/{stage}" for stage in (1, 2)]
    assert answer.data["outcome"] == "done"
    assert answer.data["stages"] == {"1": "pending", "2": "pending"}


async def test_one_held_stage_is_approved_alone(at: Any) -> None:
    async with at() as desk:
        answer = await desk.call("drone_approve_build", repo="octo/guarded", number=1, stage=2)
        assert desk.writes == ["POST /api/repos/octo/guarded/builds/1/approve/2"]
        again = await desk.call("drone_approve_build", repo="octo/guarded", number=1, stage=3)
    assert answer.data["stages"] == {"1": "blocked", "2": "pending"}
    assert (again.code, again.data["message"]) == ("INVALID_INPUT", "build 1 of octo/guarded has no stage 3")


async def test_a_whole_build_is_declined_stage_by_stage(at: Any) -> None:
    async with at() as desk:
        answer = await desk.call("drone_decline_build", repo="octo/guarded", number=1)
        assert desk.writes == [f"POST /api/repos/octo/guarded/builds/1/decline/{stage}" for stage in (1, 2)]
    assert (answer.data["status"], answer.data["stages"]) == ("declined", {"1": "declined", "2": "declined"})


@pytest.mark.parametrize("tool", ["drone_approve_build", "drone_decline_build"])
async def test_what_was_done_of_several_stages_is_told_when_one_fails(at: Any, tool: str) -> None:
    verb = tool.split("_")[1]
    async with at() as desk:
        desk.drone.break_with("status", status=500, route=f"*/{verb}/2")
        answer = await desk.call(tool, repo="octo/guarded", number=1)
        state = [stage.status for stage in desk.build("octo/guarded", 1).stages]
    assert answer.data["outcome"] == "partly_done"
    assert answer.data["requests"] == [f"POST /api/repos/octo/guarded/builds/1/{verb}/1"]
    assert "it is unknown whether stage 2 was" in answer.data["message"]
    assert answer.data["stages"] == {"1": state[0], "2": "blocked"}


async def test_a_held_build_is_stopped_only_with_a_word_about_the_approval(at: Any) -> None:
    async with at() as desk:
        answer = await desk.call("drone_stop_build", repo="octo/guarded", number=1, dry_run=True)
    assert "It waits for approval; afterwards nobody can approve it any more" in answer.data["notes"]


async def test_a_restart_that_passes_by_an_approval_is_refused(at: Any) -> None:
    async with at() as desk:
        answer = await desk.call("drone_restart_build", repo="octo/guarded", number=1)
        assert desk.writes == []
    assert (answer.code, answer.data["details"]["rule"]) == ("PERMISSION_DENIED", "unapproved")


async def test_where_it_is_allowed_it_still_takes_a_confirmation(at: Any) -> None:
    async with at(DRONE_MCP_ACTION_UNAPPROVED="allow") as desk:
        answer = await desk.call("drone_restart_build", repo="octo/guarded", number=1)
        assert desk.writes == []
    assert answer.code == "NOT_CONFIRMED"
    assert "passes by the approval" in answer.data["message"]


@pytest.mark.parametrize(("state", "code"), [("success", ""), ("failure", ""), ("killed", "PERMISSION_DENIED")])
async def test_what_went_through_its_approval_is_restarted(at: Any, state: str, code: str) -> None:
    async with at() as desk:
        build = desk.build("octo/guarded", 1)
        build.status = state
        for stage in build.stages:
            stage.status = "skipped" if state == "killed" else state
        answer = await desk.call("drone_restart_build", repo="octo/guarded", number=1)
    assert answer.code == code


async def test_old_parameters_win_and_the_answer_says_so(at: Any) -> None:
    async with at(**ADDITIONS) as desk:
        given = {"MODE": "fast", "EXTRA": "1"}
        answer = await desk.call("drone_restart_build", repo="octo/hello", number=1, params=given, debug=True)
        new = desk.build("octo/hello", answer.data["new_build"])
    assert (new.params, new.debug, new.parent) == ({"MODE": "slow", "EXTRA": "1"}, True, 1)
    assert answer.data["notes"] == ["Drone keeps the old build's parameters: the values given for MODE have no effect"]


@pytest.mark.parametrize(
    ("message", "reason"), [("Hurry [CI SKIP]", "its commit message says [ci skip]"), ("Hurry", "no pipeline of")]
)
async def test_a_restart_that_starts_nothing_is_explained(at: Any, message: str, reason: str) -> None:
    async with at() as desk:
        build = desk.build("octo/hello", 1)
        build.message = message
        commits = desk.drone.world.scm["octo/hello"].commits
        commits[build.after] = replace(commits[build.after], pipeline=Pipeline())
        answer = await desk.call("drone_restart_build", repo="octo/hello", number=1)
    assert answer.data["outcome"] == "nothing_started"
    assert reason in answer.data["message"]
    assert "new_build" not in answer.data


async def test_a_restart_whose_pipeline_is_broken_is_reported_as_that(at: Any) -> None:
    async with at() as desk:
        commits = desk.drone.world.scm["octo/hello"].commits
        commit = commits[desk.build("octo/hello", 1).after]
        commits[commit.sha] = replace(commit, pipeline=Pipeline(error="yaml: line 3: no"))
        answer = await desk.call("drone_restart_build", repo="octo/hello", number=1)
    assert (answer.data["outcome"], answer.data["status"]) == ("done", "error")
    assert "failed at once: yaml: line 3: no" in answer.data["message"]


async def test_a_restart_whose_answer_is_lost_is_not_sent_again(at: Any) -> None:
    async with at() as desk:
        desk.drone.break_with("status", status=502, route="POST /api/repos/*", count=1)
        lost = await desk.call("drone_restart_build", repo="octo/hello", number=1)
        again = await desk.call("drone_restart_build", repo="octo/hello", number=1)
        assert len(desk.writes) == 1
        desk.clock[0] += 61
        later = await desk.call("drone_restart_build", repo="octo/hello", number=1)
    assert (lost.code, again.code, later.data["outcome"]) == ("CONFLICT", "CONFLICT", "done")
    assert lost.data["retryable"] is False
    assert "may have happened" in again.data["next_step"]


async def test_the_same_call_within_a_minute_is_sent_once(at: Any) -> None:
    async with at(**ADDITIONS) as desk:
        first, second = [await desk.call("drone_restart_build", repo="octo/hello", number=1) for _ in range(2)]
        other = await desk.call("drone_restart_build", repo="octo/hello", number=1, debug=True)
        assert len(desk.writes) == 2
        desk.clock[0] += 61
        later = await desk.call("drone_restart_build", repo="octo/hello", number=1)
    assert (first.data["outcome"], second.data["outcome"]) == ("done", "repeated")
    assert first.data["new_build"] == second.data["new_build"] == 4
    assert (other.data["new_build"], later.data["new_build"]) == (5, 6)


async def test_a_call_that_drone_takes_its_time_for_is_not_sent_beside_it(at: Any) -> None:
    async with at() as desk:
        take, repeated = desk.drone.world.faults.take, []

        def slowly(method: str, path: str) -> Any:
            if method == "POST":
                desk.clock[0] += 80  # over the minute, within the patience
                repeated.append(path)
            return take(method, path)

        desk.drone.world.faults.take = slowly
        first = await desk.call("drone_restart_build", repo="octo/hello", number=1)
        again = await desk.call("drone_restart_build", repo="octo/hello", number=1)
        assert len(repeated) == 1
    assert (first.data["outcome"], again.data["outcome"]) == ("done", "repeated")


async def test_the_same_call_twice_at_once_is_sent_once(at: Any) -> None:
    async with at() as desk:
        answers = []

        async def restart() -> None:
            answers.append(await desk.call("drone_restart_build", repo="octo/hello", number=1))

        async with anyio.create_task_group() as both:
            both.start_soon(restart)
            both.start_soon(restart)
        assert len(desk.writes) == 1
    assert sorted(answer.code for answer in answers) in (["", "CONFLICT"], ["", ""])


async def test_a_build_that_finished_meanwhile_is_not_stopped_any_more(at: Any) -> None:
    async with at(person=Person()) as desk:
        desk.drone.break_with("status", status=409, route="DELETE *", count=1)
        desk.drone.world.faults.take = finishing(desk)
        answer = await desk.call("drone_stop_build", repo="octo/hello", number=2)
        assert len(desk.writes) == 1
    assert (answer.data["outcome"], answer.data["status"]) == ("nothing_to_do", "success")


async def test_a_build_that_only_moved_is_read_again_and_stopped(at: Any) -> None:
    async with at(person=Person()) as desk:
        desk.drone.break_with("status", status=409, route="DELETE *", count=1)
        answer = await desk.call("drone_stop_build", repo="octo/hello", number=2)
        assert len(desk.writes) == 2
        assert desk.events == ["asked", "attempt", "outcome", "attempt", "outcome"]
    assert (answer.data["outcome"], answer.data["status"]) == ("done", "killed")


async def test_a_second_conflict_is_reported(at: Any) -> None:
    async with at(person=Person()) as desk:
        desk.drone.break_with("status", status=409, route="DELETE *")
        answer = await desk.call("drone_stop_build", repo="octo/hello", number=2)
        assert len(desk.writes) == 2
    assert answer.code == "CONFLICT"


def finishing(desk: Desk) -> Any:
    """Let build 2 finish at the moment that its stop arrives."""
    take = desk.drone.world.faults.take

    def taken(method: str, path: str) -> Any:
        if method == "DELETE":
            put_into(desk, "success")
        return take(method, path)

    return taken
