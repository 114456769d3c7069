"""A job, as an agent gets it from a simulated Jenkins."""

from __future__ import annotations

from typing import Any

from support.jenkins import jenkins_and_agent

RELEASE: dict[str, Any] = {
    "jobs": {
        "release": {
            "description": "Ships it.",
            "parameters": [
                {"name": "VERSION", "default": "1.0", "description": "what to ship"},
                {"name": "TARGET", "type": "choice", "choices": ["staging", "production"]},
                {"name": "DRY", "type": "boolean", "default": True},
                {"name": "NOTES", "type": "text", "default": "a\nb"},
                {"name": "SECRET", "type": "password", "default": "hush"},
                {"name": "OF", "type": "run", "project": "app"},
                {"name": "up/data.bin", "type": "file"},
            ],
            "builds": [{"result": "FAILURE"}, {"seconds": 7}],
            "next": {"seconds": 100},
        },
        "app": {"disabled": True, "builds": [{}]},
        "team": {"kind": "folder", "jobs": {f"job-{number:02}": {} for number in range(30)}},
    }
}


async def test_a_job_shows_its_parameters_with_what_each_takes() -> None:
    async with jenkins_and_agent(RELEASE) as (_, agent):
        answer = await agent.call("jenkins_get_job", job="release")
    assert answer.data["parameters"] == [
        {"name": "VERSION", "type": "string", "default": "1.0", "description": "what to ship"},
        {"name": "TARGET", "type": "choice", "default": "staging", "choices": ["staging", "production"]},
        {"name": "DRY", "type": "boolean", "default": "true", "takes": "true or false"},
        {"name": "NOTES", "type": "text", "default": "a\nb"},
        {"name": "SECRET", "type": "password", "hidden": True},
        {"name": "OF", "type": "run", "takes": "a build of app, like app#12"},
        {"name": "up/data.bin", "type": "file", "takes": "a file, which no tool here sends"},
    ]
    assert "hush" not in answer.text


async def test_a_job_shows_its_last_builds_and_health() -> None:
    async with jenkins_and_agent(RELEASE) as (jenkins, agent):
        jenkins.world.trigger(jenkins.job("release"), [{"shortDescription": "x"}], {}, 0)
        answer = await agent.call("jenkins_get_job", job="release")
    last = {key: answer.data[key]["number"] for key in ("last", "last_completed", "last_successful", "last_failed")}
    assert last == {"last": 3, "last_completed": 2, "last_successful": 2, "last_failed": 1}
    assert (answer.data["last"]["running"], "seconds" in answer.data["last"]) == (True, False)
    assert answer.data["last_completed"]["seconds"] == 7
    assert answer.data["health"] == ["Build stability: 1 out of the last 2 builds failed. (50 %)"]
    assert answer.data["page"] == f"{jenkins.url}/job/release/"


async def test_a_disabled_job_says_so_and_one_in_the_queue_says_why() -> None:
    async with jenkins_and_agent(RELEASE) as (jenkins, agent):
        jenkins.world.trigger(jenkins.job("release"), [{"shortDescription": "x"}], {}, 300)
        off = await agent.call("jenkins_get_job", job="app")
        queued = await agent.call("jenkins_get_job", job="release")
    assert off.data["disabled"] is True
    assert queued.data["queued"] == "In the quiet period. Expires in 5 min"


async def test_a_folder_shows_what_is_in_it_and_how_to_list_the_rest() -> None:
    async with jenkins_and_agent(RELEASE, JENKINS_JOBS="team/**,!team/job-03") as (jenkins, agent):
        answer = await agent.call("jenkins_get_job", job="team")
    assert [job["name"] for job in answer.data["jobs"]] == [f"team/job-{n:02}" for n in range(20) if n != 3]
    assert "jenkins_list_jobs" in answer.data["next_step"]
    assert len(jenkins.asked) == 2


async def test_a_job_that_is_not_there_is_reported_with_how_to_find_it() -> None:
    async with jenkins_and_agent(RELEASE) as (_, agent):
        answer = await agent.call("jenkins_get_job", job="team/nothing")
    assert answer.code == "NOT_FOUND"
    assert "list of the jobs" in answer.data["next_step"]
