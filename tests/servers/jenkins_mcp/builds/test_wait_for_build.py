"""Waiting for a build of a simulated Jenkins, whose clock moves while the server sleeps."""

from __future__ import annotations

from typing import Any

import pytest

from support.jenkins import JenkinsHandle, jenkins_and_agent

APP: dict[str, Any] = {
    "jobs": {
        "app": {"quiet_period": 8, "next": {"seconds": 20, "result": "UNSTABLE"}},
        "other": {"builds": [{"result": "FAILURE"}]},
    }
}
CAUSE: dict[str, object] = {"shortDescription": "Started by user dev", "userId": "dev"}


def queue_up(jenkins: JenkinsHandle, job: str = "app") -> int:
    return jenkins.world.trigger(jenkins.job(job), [CAUSE], {}, None)[0].id


async def test_an_item_is_followed_to_its_build_and_to_the_end() -> None:
    async with jenkins_and_agent(APP) as (jenkins, agent):
        item, began = queue_up(jenkins), jenkins.world.now()
        answer = await agent.call("jenkins_wait_for_build", item=item)
        waited = jenkins.world.now() - began
    assert (answer.data["finished"], answer.data["build"]["number"], answer.data["build"]["result"]) == (
        True,
        1,
        "UNSTABLE",
    )
    assert 28 <= waited <= 33
    assert len(jenkins.asked) <= 14


async def test_a_wait_ends_when_its_time_is_up_and_says_how_to_go_on() -> None:
    async with jenkins_and_agent(APP) as (jenkins, agent):
        item, began = queue_up(jenkins), jenkins.world.now()
        queued = await agent.call("jenkins_wait_for_build", item=item, seconds=3)
        waited = jenkins.world.now() - began
        await jenkins.advance(10)
        running = await agent.call("jenkins_wait_for_build", job="app", build=1, seconds=5)
    assert waited == 3
    assert (queued.data["finished"], queued.data["item"]["state"]) == (False, "waiting")
    assert f"item {item}" in queued.data["next_step"]
    assert (running.data["finished"], running.data["build"]["running"]) == (False, True)
    assert "build 1" in running.data["next_step"]


async def test_a_build_that_has_ended_is_answered_at_once() -> None:
    async with jenkins_and_agent(APP) as (jenkins, agent):
        began = jenkins.world.now()
        answer = await agent.call("jenkins_wait_for_build", job="other")
    assert (answer.data["finished"], answer.data["build"]["result"]) == (True, "FAILURE")
    assert jenkins.world.now() == began


async def test_a_cancelled_item_ends_the_wait() -> None:
    async with jenkins_and_agent(APP) as (jenkins, agent):
        item = queue_up(jenkins)
        jenkins.world.timeline.after(3, lambda: jenkins.world.cancel(jenkins.world.items[item]))
        answer = await agent.call("jenkins_wait_for_build", item=item)
    assert (answer.data["finished"], answer.data["item"]["state"]) == (True, "cancelled")
    assert "cancelled" in answer.data["note"]


async def test_a_forgotten_item_is_found_by_the_build_that_it_became() -> None:
    async with jenkins_and_agent(APP) as (jenkins, agent):
        item = queue_up(jenkins)
        await jenkins.advance(1000)
        alone = await agent.call("jenkins_wait_for_build", item=item)
        with_job = await agent.call("jenkins_wait_for_build", item=item, job="app")
        wrong = await agent.call("jenkins_wait_for_build", item=item, job="other")
    assert (alone.code, "item and job" in alone.data["next_step"]) == ("INVALID_INPUT", True)
    assert (with_job.data["finished"], with_job.data["build"]["number"]) == (True, 1)
    assert wrong.code == "NOT_FOUND"


async def test_a_short_outage_does_not_end_a_wait() -> None:
    async with jenkins_and_agent(APP) as (jenkins, agent):
        item = queue_up(jenkins)
        jenkins.world.timeline.after(3, lambda: jenkins.break_with("status", status=503, count=3))
        answer = await agent.call("jenkins_wait_for_build", item=item)
    assert (answer.data["finished"], "note" in answer.data) == (True, False)


async def test_an_outage_that_lasts_is_mentioned() -> None:
    async with jenkins_and_agent(APP) as (jenkins, agent):
        item = queue_up(jenkins)
        jenkins.world.timeline.after(3, lambda: jenkins.break_with("status", status=503))
        answer = await agent.call("jenkins_wait_for_build", item=item)
    assert (answer.data["finished"], "could not be asked" in answer.data["note"]) == (False, True)


async def test_an_item_of_a_job_outside_the_scope_is_refused() -> None:
    async with jenkins_and_agent(APP, JENKINS_JOBS="other") as (jenkins, agent):
        answer = await agent.call("jenkins_wait_for_build", item=queue_up(jenkins))
    assert (answer.code, answer.data["details"]["rule"]) == ("PERMISSION_DENIED", "scope")


@pytest.mark.parametrize("arguments", [{}, {"build": 3}, {"job": "app", "seconds": 46}, {"item": 0}])
async def test_a_wait_for_nothing_is_refused(arguments: dict[str, Any]) -> None:
    async with jenkins_and_agent(APP) as (jenkins, agent):
        answer = await agent.call("jenkins_wait_for_build", **arguments)
    assert answer.code == "INVALID_INPUT"
    assert jenkins.asked == []
