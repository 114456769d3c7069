"""The client of one Jenkins, in front of a simulated one, with a clock that only pauses move."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ci_mcp_http.transport import Clock
from ci_mcp_kit.errors import AuthenticationFailed, NotFound, PermissionDenied, ServiceFailed
from jenkins_mcp.client import calls
from jenkins_mcp.client.client import JOB_IS_FRESH, JenkinsClient
from jenkins_mcp.client.models.jobs import Job
from jenkins_mcp.client.names import parse_job
from jenkins_mcp.scope import JobScope
from jenkins_mcp.settings import JenkinsSettings
from support.jenkins import JenkinsHandle, running_jenkins

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ci_mcp_http.call import Call

BRANCH = {"kind": "pipeline"}
SCENARIO: dict[str, Any] = {
    "jobs": {
        "app": {"builds": [{}]},
        "team": {
            "kind": "folder",
            "jobs": {"mb": {"kind": "multibranch", "jobs": {"feature%2Fx y": BRANCH, "release%2F2.0%25beta": BRANCH}}},
        },
    }
}


@asynccontextmanager
async def client_of(*globs: str, retries: int = 0) -> AsyncIterator[tuple[JenkinsHandle, JenkinsClient, list[float]]]:
    """A client whose pauses pass in the time of the simulated Jenkins at once, and are listed."""
    pauses: list[float] = []
    async with running_jenkins(SCENARIO) as jenkins:

        async def sleep(seconds: float) -> None:
            pauses.append(seconds)
            await jenkins.advance(seconds)

        (one,) = JenkinsSettings.from_environment(jenkins.environment()).instances
        clock = Clock(sleep=sleep, monotonic=jenkins.world.now, jitter=lambda: 1.0)
        options = replace(one, retries=retries).client_options()
        client = JenkinsClient(options, JobScope(globs).check, clock=clock)
        try:
            yield jenkins, client, pauses
        finally:
            await client.aclose()


async def test_a_right_token_that_is_refused_while_jenkins_starts_is_tried_again() -> None:
    async with client_of() as (jenkins, client, pauses):
        jenkins.world.unauthorized_until = jenkins.world.now() + 5
        jenkins.break_with("status", route="GET /login", status=503)
        job = await client.job("app")
    assert job.full_name == "app"
    assert pauses == [1, 2, 3]


async def test_a_wrong_token_is_reported_at_once() -> None:
    async with client_of() as (jenkins, client, pauses):
        jenkins.world.unauthorized_until = jenkins.world.now() + 5
        with pytest.raises(AuthenticationFailed):
            await client.job("app")
    assert pauses == []
    assert jenkins.paths == ["GET /job/app/api/json", "GET /login"]


async def test_a_start_that_takes_too_long_is_reported() -> None:
    async with client_of(retries=2) as (jenkins, client, pauses):
        jenkins.world.starting_until = jenkins.world.now() + 600
        with pytest.raises(ServiceFailed, match="Jenkins is starting") as caught:
            await client.job("app")
    assert caught.value.retryable
    assert pauses == [0.5, 1.0]


async def test_a_definition_is_read_again_after_some_seconds() -> None:
    async with client_of() as (jenkins, client, _):
        for _ in range(3):
            await client.job("app")
        await jenkins.advance(JOB_IS_FRESH)
        await client.job("app")
    assert len(jenkins.asked) == 2


@pytest.mark.parametrize("name", ["team/mb/feature/x y", "team/mb/release/2.0%beta", "team/mb/release%2F2.0%25beta"])
async def test_a_branch_is_found_by_its_plain_name(name: str) -> None:
    async with client_of() as (_, client, _):
        job = await client.job(name)
    assert job.full_name in {"team/mb/feature%2Fx y", "team/mb/release%2F2.0%25beta"}


async def test_a_job_that_is_not_there_is_reported_by_the_name_that_was_given() -> None:
    async with client_of() as (_, client, _):
        with pytest.raises(NotFound, match="no job team/mb/feature/y"):
            await client.job("team/mb/feature/y")


def call(**changes: Any) -> Call[Any]:
    return replace(calls.get_job(parse_job("app")), **changes)


@pytest.mark.parametrize(
    "changing",
    [
        call(writes=True),
        call(method="DELETE"),
        call(method="POST", path="/job/app/build"),
        call(method="POST", path="/job/app/1/stop"),
    ],
    ids=lambda made: f"{made.method} {made.path}",
)
async def test_nothing_that_changes_something_leaves(changing: Call[Any]) -> None:
    async with client_of() as (jenkins, client, _):
        with pytest.raises(PermissionDenied, match="only reads"):
            await client.send(changing)
    assert jenkins.asked == []


async def test_a_question_that_is_too_long_for_an_address_is_sent_as_a_form() -> None:
    # By the function that all reading calls are made with: none of them asks for that much yet.
    short = calls._get("jobs.get", "the job", "/job/app/api/json", Job, "name,fullName", job="app")
    long = calls._get("jobs.get", "the job", "/job/app/api/json", Job, ",".join(["name,fullName"] * 1000), job="app")
    async with client_of() as (jenkins, client, _):
        assert await client.send(short) == await client.send(long)
    assert jenkins.paths == ["GET /job/app/api/json", "POST /job/app/api/json"]
    assert {request.status for request in jenkins.asked} == {200}


async def test_a_job_out_of_scope_is_refused_before_it_is_read_and_from_memory() -> None:
    async with client_of("team/**") as (jenkins, client, _):
        for _ in range(2):
            with pytest.raises(PermissionDenied, match="outside the jobs of this role"):
                await client.job("app")
    assert jenkins.asked == []
