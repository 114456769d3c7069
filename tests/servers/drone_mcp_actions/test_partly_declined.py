"""A build of which one stage was declined: the others stay open to approval, and Drone runs them."""

from __future__ import annotations

from typing import Any

from support.actions_desk import Person

GUARDED = {"repo": "octo/guarded", "number": 1}


async def test_the_question_about_one_stage_says_that_the_others_can_still_run(at: Any, era: Any) -> None:
    person = Person()
    async with at(era, person, DRONE_MCP_ACTION_CONFIRM="medium") as desk:
        one = await desk.call("drone_decline_build", **GUARDED, stage=1)
    (asked,) = person.asked
    assert "The build becomes 'declined' for good: it cannot be restarted" in asked
    assert "Stage 2 'deploy' stays open to approval by anyone with the right to approve, and would then run" in asked
    assert one.data["stages"] == {"1": "declined", "2": "blocked"}
    assert one.data["notes"] == ["Still open to approval: stage 2 'deploy' runs once it is approved"]
    assert "stop it, if they must not run" in one.data["next_step"]


async def test_the_question_about_all_stages_speaks_of_no_others(at: Any) -> None:
    person = Person()
    async with at(person=person, DRONE_MCP_ACTION_CONFIRM="medium") as desk:
        answer = await desk.call("drone_decline_build", **GUARDED)
    assert "open to approval" not in person.asked[0]
    assert "notes" not in answer.data


async def test_what_is_left_of_a_declined_build_can_be_approved_as_the_question_says(at: Any) -> None:
    person = Person()
    async with at(person=person, DRONE_MCP_ACTION_CONFIRM="medium") as desk:
        await desk.call("drone_decline_build", **GUARDED, stage=1)
        answer = await desk.call("drone_approve_build", **GUARDED)
        assert desk.writes[-1].endswith("/approve/2")
    assert "Another stage was declined" in person.asked[-1]
    assert answer.data["stages"] == {"1": "declined", "2": "pending"}
    assert not any("look at the diff" in note for note in answer.data["notes"]), "that was to be done before"


async def test_what_is_left_of_a_declined_build_can_be_declined_or_stopped(at: Any) -> None:
    for tool, left in (("drone_decline_build", "declined"), ("drone_stop_build", "skipped")):
        async with at(person=Person()) as desk:
            await desk.call("drone_decline_build", **GUARDED, stage=1)
            answer = await desk.call(tool, **GUARDED)
            again = await desk.call(tool, **GUARDED, dry_run=True)
        assert answer.data["stages"] == {"1": "declined", "2": left}, tool
        assert (answer.data["status"], again.data["outcome"]) == ("declined", "nothing_to_do")
