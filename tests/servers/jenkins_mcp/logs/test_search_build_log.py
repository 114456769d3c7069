"""A search in logs, as an agent gets it from a simulated Jenkins."""

from __future__ import annotations

from typing import Any

import pytest

from support.agent import LogAgent, LogAnswer
from support.jenkins import jenkins_and_agent

BRANCH = "team/app/feature/new price"


async def search(pattern: str, scenario: Any = "demo", **arguments: Any) -> LogAnswer:
    async with jenkins_and_agent(scenario) as (_, agent):
        answer = await LogAgent(agent.client).call("jenkins_search_build_log", pattern=pattern, **arguments)
        assert answer.failed or answer.size <= 2000
        return answer


async def test_matches_are_shown_with_their_surroundings() -> None:
    answer = await search("assertionerror", job=BRANCH, context=1)
    assert (answer.data["matches"], answer.data["shown"]) == (1, 1)
    rows = answer.lines()
    assert [mark for _, mark, _ in rows] == ["|", ">", "|"]
    assert rows[1][2] == "AssertionError: expected 118.99 to be 119"


async def test_a_stage_is_searched_alone() -> None:
    build = await search("npm|vitest", job=BRANCH, stage="Build", context=0)
    test = await search("npm|vitest", job=BRANCH, stage="Test", context=0)
    assert [(row[0], row[2]) for row in build.lines()] == [(1, "+ npm ci")]
    assert [(row[0], row[2]) for row in test.lines()] == [(1, "+ npx vitest run")]
    assert test.data["results"][0]["stage"] == "Test"


@pytest.mark.parametrize(
    ("arguments", "matches"),
    [({}, 2), ({"pattern": "(?-i)a.b"}, 1), ({"pattern": "a.b", "literal": True}, 1), ({"pattern": "nothing"}, 0)],
)
async def test_a_pattern_is_a_regex_without_case_unless_told_otherwise(arguments: dict[str, Any], matches: int) -> None:
    scenario = {"jobs": {"app": {"builds": [{"log": "a.b\nAxB"}]}}}
    answer = await search(**{"pattern": "a.b", "scenario": scenario, "job": "app"} | arguments)
    assert answer.data["matches"] == matches
    assert answer.data["next_step"]


async def test_the_end_of_a_log_that_is_too_large_is_searched_and_counted_from_the_end() -> None:
    log = "\n".join(["needle", *(f"line {number} {'x' * 1000}" for number in range(18_000)), "needle"])
    answer = await search("needle", {"jobs": {"app": {"builds": [{"log": log}]}}}, job="app", context=0)
    (result,) = answer.data["results"]
    assert answer.data["matches"] == 1
    assert "-2> needle" in result["log"]
    assert "only the last 16 MiB" in result["note"]


async def test_a_pattern_that_cannot_be_used_costs_no_request() -> None:
    async with jenkins_and_agent() as (jenkins, agent):
        answer = await agent.call("jenkins_search_build_log", job="library", build=1, pattern="(?=a)")
        assert jenkins.asked == []
    assert answer.code == "INVALID_INPUT"


async def test_many_matches_keep_to_the_budget_and_are_counted() -> None:
    scenario = {"jobs": {"app": {"builds": [{"log": "\n".join(f"error {n} {'y' * 80}" for n in range(500))}]}}}
    answer = await search("error", scenario, job="app")
    assert answer.data["matches"] == 500
    assert 1 <= answer.data["shown"] < 100
    assert "Narrow" in answer.data["next_step"]
