"""The files that builds kept, as an agent lists them from a simulated Jenkins."""

from __future__ import annotations

from typing import Any

import pytest

from ci_mcp_kit.token_count import count_tokens
from support.jenkins import jenkins_and_agent

FILES = {"dist/a b.txt": "four", "dist/ü;%41.bin": "x" * 100, "empty": ""}
SIZES = [{"path": "dist/a b.txt", "size": 4}, {"path": "dist/ü;%41.bin", "size": 100}, {"path": "empty", "size": 0}]


def scenario(files: dict[str, str], kind: str = "freestyle") -> dict[str, Any]:
    return {"jobs": {"app": {"kind": kind, "builds": [{"artifacts": files}, {"result": "FAILURE"}]}}}


async def test_each_artifact_of_a_freestyle_build_is_measured() -> None:
    async with jenkins_and_agent(scenario(FILES)) as (jenkins, agent):
        answer = await agent.call("jenkins_list_artifacts", job="app", build="lastSuccessfulBuild")
    assert answer.data == {"job": "app", "number": 1, "artifacts": SIZES}
    assert sorted(path for path in jenkins.paths if "/artifact/" in path) == [
        "HEAD /job/app/1/artifact/dist/%C3%BC%3B%2541.bin",
        "HEAD /job/app/1/artifact/dist/a%20b.txt",
        "HEAD /job/app/1/artifact/empty",
    ]


async def test_the_sizes_of_a_pipeline_come_in_one_request() -> None:
    async with jenkins_and_agent(scenario(FILES, "pipeline")) as (jenkins, agent):
        answer = await agent.call("jenkins_list_artifacts", job="app", build=1)
    assert answer.data["artifacts"] == SIZES
    assert jenkins.paths[1:] == ["GET /job/app/1/api/json", "GET /job/app/1/wfapi/artifacts"]


async def test_sizes_are_asked_for_one_by_one_within_a_budget() -> None:
    files = {f"{number:02}": "x" for number in range(30)}
    async with jenkins_and_agent(scenario(files)) as (jenkins, agent):
        answer = await agent.call("jenkins_list_artifacts", job="app", build=1)
    assert [line["path"] for line in answer.data["artifacts"]] == list(files)
    assert answer.data["left_out"] == "the sizes of 10 artifacts"
    assert len([path for path in jenkins.paths if path.startswith("HEAD")]) == 20


async def test_a_size_that_jenkins_does_not_give_is_left_out() -> None:
    async with jenkins_and_agent(scenario(FILES)) as (jenkins, agent):
        jenkins.break_with("status", route="HEAD *", status=500, count=1)
        answer = await agent.call("jenkins_list_artifacts", job="app", build=1)
    assert len([line for line in answer.data["artifacts"] if "size" in line]) == 2
    assert answer.data["left_out"] == "the sizes of 1 artifacts"


@pytest.mark.parametrize(("length", "number"), [(4, 250), (800, 40)])
async def test_a_long_list_comes_in_answers_of_bounded_size(length: int, number: int) -> None:
    files = {f"{index:03}{'y' * length}": "x" for index in range(number)}
    found: list[str] = []
    async with jenkins_and_agent(scenario(files, "pipeline")) as (_, agent):
        start: int | None = 0
        while start is not None:
            answer = await agent.call("jenkins_list_artifacts", job="app", build=1, start=start)
            assert count_tokens(answer.text) <= 2000
            found += [line["path"] for line in answer.data["artifacts"]]
            start = answer.data.get("next_start")
            assert start is None or f"start {start}" in answer.data["next_step"]
    assert found == list(files)


async def test_a_build_without_artifacts_has_an_empty_list() -> None:
    async with jenkins_and_agent(scenario(FILES)) as (_, agent):
        answer = await agent.call("jenkins_list_artifacts", job="app")
        missing = await agent.call("jenkins_list_artifacts", job="app", build=9)
    assert answer.data == {"job": "app", "number": 2, "artifacts": []}
    assert missing.code == "NOT_FOUND"
