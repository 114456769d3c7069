"""Reads a build with the stages of its pipeline, and describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_kit.errors import NotFound
from jenkins_mcp.arguments import read_build
from jenkins_mcp.builds.answer import describe_build
from jenkins_mcp.client import calls
from jenkins_mcp.client.names import job_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jenkins_mcp.builds.views import BuildView
    from jenkins_mcp.client.client import JenkinsClient
    from jenkins_mcp.client.models.builds import Build
    from jenkins_mcp.client.models.reports import Stage
    from jenkins_mcp.client.names import JobName


async def read_stages(client: JenkinsClient, job: JobName, build: Build) -> Sequence[Stage]:
    """Return the stages of a pipeline's build; none where the stage view plugin is missing."""
    if not build.is_a("WorkflowRun"):
        return ()
    try:
        return (await client.send(calls.get_stages(job, build.number))).stages
    except NotFound:
        return ()


async def view_build(client: JenkinsClient, job: str, build: str, now: float) -> BuildView:
    """Return how a build stands; `now` is our Unix time, where Jenkins does not say its own."""
    name = job_of((await client.job(job)).full_name)
    read = await client.send(calls.get_build(name, read_build(build)))
    stages = await read_stages(client, name, read.value)
    return describe_build(name, read, stages, page=client.page(name, read.value.number), now=int(now * 1000))
