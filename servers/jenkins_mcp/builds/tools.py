"""The tools about builds: arguments in, one or few calls, a view out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_kit.tools import tool
from jenkins_mcp.arguments import BuildName, Jenkins, Job, read_build
from jenkins_mcp.builds.views import BuildView

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jenkins_mcp.access import JenkinsAccess
    from jenkins_mcp.client.client import JenkinsClient
    from jenkins_mcp.client.models.builds import Build
    from jenkins_mcp.client.models.reports import Stage
    from jenkins_mcp.client.names import JobName

GUIDE = "- How does a build stand, who started it, with which parameters and changes: jenkins_get_build."
"""The line of the server's instructions about these tools."""


class BuildTools:
    """The tools about builds. `clock` gives the Unix time."""

    def __init__(self, access: JenkinsAccess, clock: Callable[[], float]) -> None:
        self._access = access
        self._clock = clock

    @tool(title="Get a build", schema="jenkins-build/1")
    async def jenkins_get_build(self, job: Job, build: BuildName = "lastBuild", jenkins: Jenkins = None) -> BuildView:
        """How a build stands: result, times, causes, parameters, changes, stages, tests."""
        from jenkins_mcp.builds.answer import describe_build  # noqa: PLC0415 - on first use, to start fast
        from jenkins_mcp.client import calls  # noqa: PLC0415 - likewise
        from jenkins_mcp.client.names import job_of  # noqa: PLC0415 - likewise

        client = await self._access.client(jenkins)
        name = job_of((await client.job(job)).full_name)
        read = await client.send(calls.get_build(name, read_build(build)))
        return describe_build(
            name,
            read,
            await _stages(client, name, read.value),
            page=client.page(name, read.value.number),
            now=int(self._clock() * 1000),
        )


async def _stages(client: JenkinsClient, job: JobName, build: Build) -> Sequence[Stage]:
    """Return the stages of a pipeline's build; none where the stage view plugin is missing."""
    from ci_mcp_kit.errors import NotFound  # noqa: PLC0415 - on first use, to start fast
    from jenkins_mcp.client.calls import get_stages  # noqa: PLC0415 - likewise

    if not build.is_a("WorkflowRun"):
        return ()
    try:
        return (await client.send(get_stages(job, build.number))).stages
    except NotFound:
        return ()
