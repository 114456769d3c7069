"""A search for builds, as an agent makes it in a simulated Jenkins."""

from __future__ import annotations

from typing import Any

import pytest

from support.jenkins import jenkins_and_agent

COMMIT = "0123456789abcdef0123456789abcdef01234567"
HISTORY: dict[str, Any] = {
    "jobs": {
        "app": {
            "parameters": [{"name": "TARGET", "default": "staging"}, {"name": "DRY", "type": "boolean"}],
            "builds": [{"result": "FAILURE"}, {"changes": [{"commitId": COMMIT, "msg": "x"}]}, {"result": "FAILURE"}],
        },
        "long": {"builds": [{"result": "ABORTED"}, *[{} for _ in range(600)]]},
    }
}
CAUSE: dict[str, object] = {"shortDescription": "Started by user Ada", "userId": "ada"}


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({"result": "FAILURE"}, [3, 1]),
        ({"result": "SUCCESS"}, [4, 2]),
        ({"commit": COMMIT[:10].upper()}, [2]),
        ({"parameter": "TARGET=production"}, [4]),
        ({"parameter": "DRY=true", "result": "SUCCESS"}, [4]),
        ({"parameter": "TARGET=staging"}, []),
        ({"cause": "user ADA"}, [4]),
        ({"since": "2999-01-01"}, []),
        ({"limit": 2}, [4, 3]),
        ({"start": 2}, [2, 1]),
    ],
)
async def test_builds_are_found_by_what_they_have(wanted: dict[str, Any], numbers: list[int]) -> None:
    async with jenkins_and_agent(HISTORY) as (jenkins, agent):
        jenkins.world.trigger(jenkins.job("app"), [CAUSE], {"TARGET": "production", "DRY": True}, 0)
        await jenkins.advance(10)
        answer = await agent.call("jenkins_find_builds", job="app", **wanted)
    assert [build["number"] for build in answer.data["builds"]] == numbers


async def test_a_search_in_a_long_history_is_bounded_and_goes_on() -> None:
    async with jenkins_and_agent(HISTORY) as (jenkins, agent):
        first = await agent.call("jenkins_find_builds", job="long", result="ABORTED")
        asked = len(jenkins.asked)
        rest = await agent.call("jenkins_find_builds", job="long", result="ABORTED", start=first.data["next_start"])
    assert (first.data["builds"], first.data["searched"], first.data["next_start"]) == ([], 500, 500)
    assert asked == 11
    assert [build["number"] for build in rest.data["builds"]] == [1]
    assert "next_start" not in rest.data


async def test_a_search_by_time_does_not_read_what_is_older() -> None:
    async with jenkins_and_agent(HISTORY) as (jenkins, agent):
        newest = jenkins.job("long").builds[-1]
        newest.started += 90
        answer = await agent.call("jenkins_find_builds", job="long", since="2026-11-21T09:56:00Z")
    assert len(jenkins.asked) == 2
    assert answer.data["searched"] <= 50


@pytest.mark.parametrize("wrong", [{"parameter": "TARGET"}, {"commit": "0123"}, {"since": "yesterday"}])
async def test_a_search_that_cannot_match_is_refused(wrong: dict[str, str]) -> None:
    async with jenkins_and_agent(HISTORY) as (jenkins, agent):
        answer = await agent.call("jenkins_find_builds", job="app", **wrong)
    assert answer.code == "INVALID_INPUT"
    assert jenkins.asked == []
