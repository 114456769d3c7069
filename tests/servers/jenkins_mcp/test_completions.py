"""Completions of addresses and of the arguments of prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from mcp.types import PromptReference, ResourceTemplateReference

from support.jenkins import jenkins_and_agent

if TYPE_CHECKING:
    from support.agent import Agent

SUMMARY = ResourceTemplateReference(type="ref/resource", uri="jenkins://{+job}/{number}/summary{?jenkins}")
RELEASE = PromptReference(type="ref/prompt", name="release_checklist")
RELEASE_JOB = {"job": "team/release"}


async def complete(
    agent: Agent, name: str, typed: str, known: dict[str, str] | None = None, of: object = SUMMARY
) -> list[str]:
    result = await agent.client.complete(of, {"name": name, "value": typed}, context_arguments=known or {})  # type: ignore[arg-type]  # one of two references
    values: list[str] = result.completion.values
    return values


async def test_jobs_are_completed_folder_by_folder() -> None:
    async with jenkins_and_agent() as (jenkins, agent):
        assert await complete(agent, "job", "") == ["library", "team/"]
        assert await complete(agent, "job", "T") == ["team/"]
        assert await complete(agent, "job", "team/re") == ["team/release"]
        assert await complete(agent, "job", "team/app/") == ["team/app/feature%2Fnew price", "team/app/main"]
        assert await complete(agent, "job", "nowhere/x") == []
        assert sum(path == "GET /api/json" for path in jenkins.paths) == 1


async def test_jobs_out_of_scope_are_not_offered() -> None:
    async with jenkins_and_agent(JENKINS_JOBS="team/app/**") as (_, agent):
        assert await complete(agent, "job", "") == ["team/"]
        assert await complete(agent, "job", "team/") == ["team/app/"]


async def test_builds_are_completed_by_number_and_name() -> None:
    async with jenkins_and_agent() as (_, agent):
        builds = await complete(agent, "number", "", {"job": "library"})
        assert builds[:3] == ["2", "1", "lastBuild"]
        assert await complete(agent, "number", "lastf", {"job": "library"}) == ["lastFailedBuild"]
        assert await complete(agent, "number", "") == []


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", ["VERSION=", "ENVIRONMENT=", "DRY_RUN="]),
        ("ENV", ["ENVIRONMENT="]),
        ("ENVIRONMENT=", ["ENVIRONMENT=staging", "ENVIRONMENT=production"]),
        ("VERSION=1.4, DRY_RUN=t", ["VERSION=1.4, DRY_RUN=true"]),
        ("VERSION=1.4, ", ["VERSION=1.4, ENVIRONMENT=", "VERSION=1.4, DRY_RUN="]),
        ("NOPE=", []),
    ],
)
async def test_parameters_are_completed_by_name_and_then_by_value(typed: str, expected: list[str]) -> None:
    async with jenkins_and_agent() as (_, agent):
        assert await complete(agent, "parameters", typed, RELEASE_JOB, RELEASE) == expected


async def test_an_error_of_jenkins_gives_no_completions() -> None:
    async with jenkins_and_agent() as (jenkins, agent):
        jenkins.break_with("status", status=500)
        assert await complete(agent, "job", "") == []
