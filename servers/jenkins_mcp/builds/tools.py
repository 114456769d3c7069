"""The tools about builds: arguments in, one or few calls, a view out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from mcp.server.mcpserver import Context
from pydantic import Field

from ci_mcp_kit.tools import tool
from jenkins_mcp.arguments import BuildName, Jenkins, Job, read_build
from jenkins_mcp.builds.views import BuildView, FoundBuilds, WaitView

if TYPE_CHECKING:
    from collections.abc import Callable

    from jenkins_mcp.access import JenkinsAccess
    from jenkins_mcp.builds.waiting import Pause

GUIDE = """\
- How a build stands, who started it, parameters, changes: jenkins_get_build.
- Wait until it has ended, also from its queue item on: jenkins_wait_for_build.
- Builds by result, parameter, cause, commit or time: jenkins_find_builds."""
"""The lines of the server's instructions about these tools."""


class BuildTools:
    """The tools about builds. `clock` gives the Unix time, `pause` sleeps."""

    def __init__(self, access: JenkinsAccess, clock: Callable[[], float], pause: Pause) -> None:
        self._access = access
        self._clock = clock
        self._pause = pause

    @tool(title="Get a build", schema="jenkins-build/1")
    async def jenkins_get_build(self, job: Job, build: BuildName = "lastBuild", jenkins: Jenkins = None) -> BuildView:
        """A build: result, times, causes, parameters, changes, stages, tests."""
        from jenkins_mcp.builds.reading import view_build  # noqa: PLC0415 - on first use, to start fast

        return await view_build(await self._access.client(jenkins), job, build, self._clock())

    @tool(title="Find builds", schema="jenkins-found-builds/1")
    async def jenkins_find_builds(
        self,
        job: Job,
        result: Annotated[
            Literal["", "SUCCESS", "UNSTABLE", "FAILURE", "NOT_BUILT", "ABORTED"], Field(description="default: any")
        ] = "",
        parameter: Annotated[str, Field(description="NAME=value")] = "",
        cause: Annotated[str, Field(description="part, like a user's name")] = "",
        commit: Annotated[str, Field(description="hash, 7+ characters")] = "",
        since: Annotated[str, Field(description="UTC, like 2026-05-01T08:00:00Z")] = "",
        start: Annotated[int, Field(ge=0, description="next_start, 0+")] = 0,
        limit: Annotated[int, Field(ge=1, le=50, description="1 to 50")] = 10,
        jenkins: Jenkins = None,
    ) -> FoundBuilds:
        """Builds that match all that is given, newest first."""
        from jenkins_mcp.builds.search import BuildFilter, find_builds, read_time  # noqa: PLC0415 - likewise
        from jenkins_mcp.client.names import job_of  # noqa: PLC0415 - likewise

        wanted = BuildFilter(result=result, parameter=parameter, cause=cause, commit=commit, since=read_time(since))
        client = await self._access.client(jenkins)
        name = job_of((await client.job(job)).full_name)
        return await find_builds(client, name, wanted, start=start, limit=limit)

    @tool(title="Wait for a build", schema="jenkins-wait/1")
    async def jenkins_wait_for_build(
        self,
        context: Context[Any, Any],
        job: Annotated[str, Field(description="full name or URL, if no item")] = "",
        build: BuildName = "lastBuild",
        item: Annotated[int | None, Field(ge=1, description="queue item, 1+")] = None,
        seconds: Annotated[float, Field(ge=0, le=45, description="0 to 45")] = 40,
        jenkins: Jenkins = None,
    ) -> WaitView:
        """Wait for the end of a build, or of what a queue item becomes."""
        from ci_mcp_kit.errors import InvalidInput  # noqa: PLC0415 - likewise
        from jenkins_mcp.builds.waiting import Wait  # noqa: PLC0415 - likewise
        from jenkins_mcp.client.names import job_of  # noqa: PLC0415 - likewise

        if not job and item is None:
            raise InvalidInput("There is nothing to wait for", next_step="Give job and build, or item")
        client = await self._access.client(jenkins)
        wait = Wait(
            client=client,
            scope=self._access.scope(jenkins),
            job=job_of((await client.job(job)).full_name) if job else None,
            build=read_build(build) if item is None else None,
            item=item,
            clock=self._clock,
            pause=self._pause,
        )
        return await wait.run(seconds, context.report_progress)
