"""The list of jobs, as an agent gets it from a simulated Jenkins."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest

from support.jenkins import jenkins_and_agent

MANY: dict[str, Any] = {
    "jobs": {
        "all": {"kind": "folder", "jobs": {f"job-{number:04}": {} for number in range(5000)}},
        "few": {},
    }
}
NESTED: dict[str, Any] = {
    "jobs": {
        "app": {"builds": [{"result": "FAILURE"}]},
        "off": {"disabled": True},
        "team": {
            "kind": "folder",
            "jobs": {
                "deploy": {"kind": "folder", "jobs": {"prod": {}}},
                "mb": {
                    "kind": "multibranch",
                    "jobs": {
                        "main": {"kind": "pipeline"},
                        "feature%2Fx y": {"kind": "pipeline", "display_name": "feature/x y"},
                    },
                },
            },
        },
    }
}


async def test_a_list_tells_how_each_job_stands() -> None:
    async with jenkins_and_agent(NESTED) as (_, agent):
        answer = await agent.call("jenkins_list_jobs")
    assert answer.data["jobs"] == [
        {"name": "app", "kind": "freestyle", "last_result": "FAILURE"},
        {"name": "off", "kind": "freestyle", "disabled": True},
        {"name": "team", "kind": "folder"},
    ]


async def test_a_folder_is_listed_by_its_name_and_branches_by_both_of_theirs() -> None:
    async with jenkins_and_agent(NESTED) as (jenkins, agent):
        answer = await agent.call("jenkins_list_jobs", folder="team/mb")
    assert [(job["name"], job.get("display_name")) for job in answer.data["jobs"]] == [
        ("team/mb/feature%2Fx y", "feature/x y"),
        ("team/mb/main", None),
    ]
    assert jenkins.paths == ["GET /job/team/job/mb/api/json"]


async def test_recursion_goes_through_folders_and_branches() -> None:
    async with jenkins_and_agent(NESTED) as (_, agent):
        answer = await agent.call("jenkins_list_jobs", recursive=True)
        found = await agent.call("jenkins_list_jobs", recursive=True, glob="PROD")
    assert {job["name"] for job in answer.data["jobs"]} == {
        *("app", "off", "team", "team/deploy", "team/mb"),
        *("team/deploy/prod", "team/mb/main", "team/mb/feature%2Fx y"),
    }
    assert [job["name"] for job in found.data["jobs"]] == ["team/deploy/prod"]


async def test_a_list_of_thousands_asks_for_a_page_at_a_time_and_goes_on_where_it_ended() -> None:
    async with jenkins_and_agent(MANY) as (jenkins, agent):
        first = await agent.call("jenkins_list_jobs", folder="all", limit=100)
        second = await agent.call("jenkins_list_jobs", folder="all", limit=100, start=first.data["next_start"])
    assert [job["name"] for job in (*first.data["jobs"], *second.data["jobs"])] == [
        f"all/job-{number:04}" for number in range(200)
    ]
    assert [tree.rpartition("]{")[2] for tree in trees(jenkins.asked)] == ["0,101}", "100,201}"]


async def test_a_search_among_thousands_is_bounded_and_says_where_it_stopped() -> None:
    async with jenkins_and_agent(MANY) as (jenkins, agent):
        answer = await agent.call("jenkins_list_jobs", folder="all", glob="job-4999")
        rest = await agent.call("jenkins_list_jobs", folder="all", glob="job-4999", start=4900)
    assert (answer.data["jobs"], answer.data["next_start"]) == ([], 2000)
    assert len(jenkins.asked) == 21
    assert [job["name"] for job in rest.data["jobs"]] == ["all/job-4999"]


async def test_folders_that_were_not_descended_into_are_named() -> None:
    folders = {f"f{number:02}": {"kind": "folder", "jobs": {"a": {}}} for number in range(30)}
    async with jenkins_and_agent({"jobs": folders}) as (_, agent):
        answer = await agent.call("jenkins_list_jobs", recursive=True, limit=100)
    assert answer.data["not_descended"] == [f"f{number:02}" for number in range(19, 30)]
    assert "not_descended" in answer.data["next_step"]


@pytest.mark.parametrize("globs", ["team/**,!team/deploy/**", "TEAM/**,!team/DEPLOY/**"])
async def test_only_jobs_in_scope_are_listed(globs: str) -> None:
    async with jenkins_and_agent(NESTED, JENKINS_JOBS=globs) as (jenkins, agent):
        answer = await agent.call("jenkins_list_jobs", recursive=True)
        jenkins.world.requests.clear()
        refused = await agent.call("jenkins_list_jobs", folder="team/deploy")
    assert {job["name"] for job in answer.data["jobs"]} == {
        *("team", "team/mb", "team/mb/main", "team/mb/feature%2Fx y"),
    }
    assert (refused.code, refused.data["details"]["rule"]) == ("PERMISSION_DENIED", "scope")
    assert jenkins.asked == []


async def test_a_job_is_no_folder() -> None:
    async with jenkins_and_agent(NESTED) as (_, agent):
        answer = await agent.call("jenkins_list_jobs", folder="app")
    assert answer.code == "INVALID_INPUT"
    assert "app is a job" in answer.data["message"]


def trees(requests: list[Any]) -> list[str]:
    return [parse_qs(request.query)["tree"][0] for request in requests]
