"""The tools about jobs: arguments in, one or few calls, a view out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ci_mcp_kit.tools import tool
from jenkins_mcp.arguments import Jenkins, Job
from jenkins_mcp.jobs.views import JobList, JobView

if TYPE_CHECKING:
    from jenkins_mcp.access import JenkinsAccess

GUIDE = """\
- Jobs, folders and branches, which are red: jenkins_list_jobs.
- A job's parameters, last builds, health: jenkins_get_job."""
"""The line of the server's instructions about these tools."""


class JobTools:
    """The tools about jobs."""

    def __init__(self, access: JenkinsAccess) -> None:
        self._access = access

    @tool(title="List jobs", schema="jenkins-job-list/1")
    async def jenkins_list_jobs(
        self,
        folder: Annotated[str, Field(description="folder or multibranch; default: top")] = "",
        glob: Annotated[str, Field(description="of names, or with a slash of full names")] = "",
        recursive: Annotated[bool, Field(description="also what is in folders")] = False,
        start: Annotated[int, Field(ge=0, description="next_start, 0+")] = 0,
        limit: Annotated[int, Field(ge=1, le=100, description="1 to 100")] = 50,
        jenkins: Jenkins = None,
    ) -> JobList:
        """Jobs, folders and branches with their last results."""
        from jenkins_mcp.client.names import parse_folder  # noqa: PLC0415 - on first use, to start fast
        from jenkins_mcp.jobs.listing import JobWalk, ListRequest, describe  # noqa: PLC0415 - likewise

        request = ListRequest(folder=parse_folder(folder), glob=glob, recursive=recursive, start=start, limit=limit)
        walk = JobWalk(await self._access.client(jenkins), self._access.scope(jenkins), request)
        await walk.run()
        return describe(walk)

    @tool(title="Get a job", schema="jenkins-job/1")
    async def jenkins_get_job(self, job: Job, jenkins: Jenkins = None) -> JobView:
        """A job's parameters, last builds, health; or what is in a folder."""
        from jenkins_mcp.client.calls import list_jobs  # noqa: PLC0415 - on first use, to start fast
        from jenkins_mcp.client.names import job_of  # noqa: PLC0415 - likewise
        from jenkins_mcp.jobs.answer import MOST_JOBS, describe_job  # noqa: PLC0415 - likewise

        client, scope = await self._access.client(jenkins), self._access.scope(jenkins)
        found = await client.job(job)
        name = job_of(found.full_name)
        # A folder has no color, whatever plugin it comes from.
        inside = [] if found.color else list((await client.send(list_jobs(name, 0, MOST_JOBS + 1))).jobs or ())
        seen = [one for one in inside[:MOST_JOBS] if scope.shows(one.full_name, is_container=one.is_container)]
        return describe_job(found, inside=seen, has_more=len(inside) > MOST_JOBS, page=client.page(name))
