"""A build, as an agent gets it from a simulated Jenkins."""

from __future__ import annotations

from typing import Any

import pytest

from support.jenkins import jenkins_and_agent

FAILED = "team/app/feature%2Fnew price"
SLOW: dict[str, Any] = {
    "jobs": {
        "slow": {
            "parameters": [
                {"name": "VERSION", "default": "1.0"},
                {"name": "DRY", "type": "boolean", "default": True},
                {"name": "SECRET", "type": "password", "default": "x"},
            ],
            "builds": [{"seconds": 100}],
            "next": {"seconds": 100},
        }
    }
}
CAUSE: dict[str, object] = {"shortDescription": "Started by user dev", "userId": "dev"}


async def test_a_failed_build_is_reported_with_stages_tests_and_times() -> None:
    async with jenkins_and_agent() as (jenkins, agent):
        answer = await agent.call("jenkins_get_build", job=FAILED, build=1)
    assert answer.data == {
        "job": FAILED,
        "number": 1,
        "result": "FAILURE",
        "running": False,
        "started": "2026-11-21T08:56:40Z",
        "seconds": 93,
        "causes": ["Started by an SCM change"],
        "stages": [
            {"name": "Build", "status": "SUCCESS", "seconds": 30},
            {"name": "Test", "status": "FAILED", "seconds": 63, "error": answer.data["stages"][1]["error"]},
        ],
        "tests": {"failed": 1, "skipped": 0, "total": 2},
        "next_step": "jenkins_diagnose_build with build 1 says why",
        "page": f"{jenkins.url}/job/team/job/app/job/feature%252Fnew%20price/1/",
    }


@pytest.mark.parametrize(
    "name",
    [
        "team/app/feature/new price",
        FAILED,
        "https://elsewhere.example.com/job/team/job/app/job/feature%252Fnew%20price/1/console",
    ],
)
async def test_a_branch_is_found_by_each_of_its_names(name: str) -> None:
    async with jenkins_and_agent() as (_, agent):
        answer = await agent.call("jenkins_get_build", job=name)
    assert (answer.data["job"], answer.data["number"]) == (FAILED, 1)


async def test_the_remaining_time_is_by_the_clock_of_jenkins() -> None:
    async with jenkins_and_agent(SLOW) as (jenkins, agent):
        values: dict[str, str | bool | None] = {"VERSION": " 1.1 ", "DRY": False, "SECRET": "hush"}
        jenkins.world.trigger(jenkins.job("slow"), [CAUSE], values, 0)
        await jenkins.advance(30)
        running = await agent.call("jenkins_get_build", job="slow")
        await jenkins.advance(80)
        over = await agent.call("jenkins_get_build", job="slow", build="2")
    assert (running.data["running"], running.data["seconds"], running.data["remaining_seconds"]) == (True, 30, 70)
    assert running.data["progress_percent"] == 30
    assert running.data["next_step"] == "jenkins_wait_for_build waits for its end"
    assert running.data["parameters"] == {"VERSION": " 1.1 ", "DRY": "false"}
    assert running.data["hidden_parameters"] == ["SECRET"]
    assert "hush" not in running.text
    assert (over.data["running"], over.data["result"], over.data["seconds"]) == (False, "SUCCESS", 100)
    assert "remaining_seconds" not in over.data


async def test_a_build_beyond_its_estimate_is_overdue() -> None:
    async with jenkins_and_agent(SLOW) as (jenkins, agent):
        job = jenkins.job("slow")
        build = jenkins.world.trigger(job, [CAUSE], {}, 0)[0].build
        assert build
        build.started -= 300
        answer = await agent.call("jenkins_get_build", job="slow")
    assert (answer.data["overdue_seconds"], "remaining_seconds" in answer.data) == (200, False)


async def test_a_burst_of_questions_reads_the_definition_once() -> None:
    async with jenkins_and_agent() as (jenkins, agent):
        for build in ("lastBuild", "1", "lastSuccessfulBuild"):
            await agent.call("jenkins_get_build", job="library", build=build)
    assert [path for path in jenkins.paths if path.endswith("/job/library/api/json")] == ["GET /job/library/api/json"]


@pytest.mark.parametrize(
    ("build", "code"), [("99", "NOT_FOUND"), ("lastFailedBuild", "NOT_FOUND"), ("newest", "INVALID_INPUT")]
)
async def test_a_build_that_is_not_there_is_reported(build: str, code: str) -> None:
    async with jenkins_and_agent() as (_, agent):
        answer = await agent.call("jenkins_get_build", job="library", build=build)
    assert answer.code == code


async def test_a_job_out_of_scope_is_not_read_by_any_of_its_names() -> None:
    async with jenkins_and_agent(JENKINS_JOBS="**,!team/app/feature%2F*") as (jenkins, agent):
        for name in (FAILED, FAILED.upper(), "team/app/feature%252Fnew price"):
            assert (await agent.call("jenkins_get_build", job=name)).code == "PERMISSION_DENIED"
        assert jenkins.asked == []
        plain = await agent.call("jenkins_get_build", job="team/app/feature/new price")
    assert plain.code == "PERMISSION_DENIED"
    assert not [path for path in jenkins.paths if "%252F" in path]
