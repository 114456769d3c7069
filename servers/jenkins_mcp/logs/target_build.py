"""Finds the build whose log or report is asked for, with as few requests as possible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from ci_mcp_kit.errors import NotFound
from jenkins_mcp.arguments import read_build
from jenkins_mcp.client import calls
from jenkins_mcp.client.names import job_of, parse_job

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jenkins_mcp.client.client import JenkinsClient
    from jenkins_mcp.client.models.builds import Build
    from jenkins_mcp.client.names import JobName

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Target:
    """A build by its number; `build` where Jenkins was asked for it, as for `lastBuild`."""

    client: JenkinsClient
    job: JobName
    number: int
    build: Build | None = None


async def with_build(client: JenkinsClient, job: str, build: str, work: Callable[[Target], Awaitable[T]]) -> T:
    """Return the result of `work` on a build.

    A job is looked up only where there is nothing under the name as it is written, which is then that of a branch.
    """
    asked = read_build(build)

    async def run(name: JobName) -> T:
        if isinstance(asked, int):
            return await work(Target(client, name, asked))
        read = (await client.send(calls.get_build(name, asked))).value
        return await work(Target(client, name, read.number, read))

    name = parse_job(job)
    try:
        return await run(name)
    except NotFound:
        known = job_of((await client.job(job)).full_name)
        if known == name:
            raise
    return await run(known)
