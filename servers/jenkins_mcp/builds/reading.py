"""Reads a build and describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jenkins_mcp.arguments import read_build
from jenkins_mcp.builds.answer import describe_build
from jenkins_mcp.builds.stages import read_stages
from jenkins_mcp.client import calls
from jenkins_mcp.client.names import job_of

if TYPE_CHECKING:
    from jenkins_mcp.builds.views import BuildView
    from jenkins_mcp.client.client import JenkinsClient


async def view_build(client: JenkinsClient, job: str, build: str, now: float) -> BuildView:
    """Return how a build stands; `now` is our Unix time, where Jenkins does not say its own."""
    name = job_of((await client.job(job)).full_name)
    read = await client.send(calls.get_build(name, read_build(build)))
    stages = await read_stages(client, name, read.value)
    return describe_build(name, read, stages, page=client.page(name, read.value.number), now=int(now * 1000))
