"""The tools that change something: arguments in, the guard and Jenkins, a view out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from mcp.server.mcpserver import Context
from mcp.types import InputRequiredResult
from pydantic import Field, StrictBool, StrictInt, StrictStr

from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.tools import tool
from jenkins_mcp.arguments import Jenkins, Job
from jenkins_mcp.writing.views import ChangeView, StartView

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from ci_mcp_kit.guard.acting import Actor
    from jenkins_mcp.access import JenkinsAccess
    from jenkins_mcp.client.client import JenkinsClient
    from jenkins_mcp.client.names import JobName
    from jenkins_mcp.writing.changes import JenkinsChange

GUIDE = """\
- Build a job: jenkins_trigger_build; again: jenkins_rebuild; end a build: jenkins_stop_build, or one that waits: \
jenkins_cancel_queue_item. Off or a rehearsal unless the operator turned them on. NOT_CONFIRMED: a person has to \
agree. Put the question to them as it is; never answer it yourself."""
"""The lines of the server's instructions about these tools."""

Number = Annotated[int, Field(ge=1, description="1+")]
Parameters = Annotated[
    dict[str, StrictStr | StrictBool | StrictInt] | None,
    Field(max_length=50, description="others take defaults"),
]
DryRun = Annotated[bool, Field(description="only rehearse")]
Confirmation = Annotated[str | None, Field(description="from NOT_CONFIRMED")]

# The operation of each tool: the guard also refuses operations whose tools a role's list leaves out.
OPERATION_OF = {
    "jenkins_trigger_build": "trigger",
    "jenkins_rebuild": "rebuild",
    "jenkins_cancel_queue_item": "cancel",
    "jenkins_stop_build": "stop",
}


class WritingTools:
    """The tools that change something.

    Args:
        access: reads jobs.
        actors: carry changes out, by the name of the Jenkins.
        pause: sleeps.
    """

    def __init__(
        self, access: JenkinsAccess, actors: Mapping[str, Actor], pause: Callable[[float], Awaitable[object]]
    ) -> None:
        self._access = access
        self._actors = actors
        self._pause = pause

    @tool(title="Trigger a build", schema="jenkins-start/1", writes=True, idempotent=False)
    async def jenkins_trigger_build(
        self,
        context: Context[Any, Any],
        job: Job,
        parameters: Parameters = None,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
        jenkins: Jenkins = None,
    ) -> StartView | InputRequiredResult:
        """Queue a build, after a check of its parameters."""
        from jenkins_mcp.writing.changes import TriggerChange  # noqa: PLC0415 - on first use, to start fast

        about = await self._find_job("trigger", job, jenkins)
        change = TriggerChange(**about, given=parameters or {})
        return cast("StartView | InputRequiredResult", await self._act(context, change, dry_run, confirmation))

    @tool(title="Run a build again", schema="jenkins-start/1", writes=True, idempotent=False)
    async def jenkins_rebuild(
        self,
        context: Context[Any, Any],
        job: Job,
        build: Number,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
        jenkins: Jenkins = None,
    ) -> StartView | InputRequiredResult:
        """Run a build again with its parameters."""
        from jenkins_mcp.writing.changes import RebuildChange  # noqa: PLC0415 - on first use, to start fast

        change = RebuildChange(**await self._find_job("rebuild", job, jenkins, build=build), number=build)
        return cast("StartView | InputRequiredResult", await self._act(context, change, dry_run, confirmation))

    @tool(title="Stop a build", schema="jenkins-change/1", writes=True, destructive=True)
    async def jenkins_stop_build(
        self,
        context: Context[Any, Any],
        job: Job,
        build: Number,
        how: Annotated[Literal["stop", "term", "kill"], Field(description="harder, of pipelines")] = "stop",
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
        jenkins: Jenkins = None,
    ) -> ChangeView | InputRequiredResult:
        """Stop a running build; a person has to confirm."""
        from jenkins_mcp.writing.changes import StopChange  # noqa: PLC0415 - on first use, to start fast

        change = StopChange(**await self._find_job("stop", job, jenkins, build=build), number=build, verb=how)
        return await self._act(context, change, dry_run, confirmation)

    @tool(title="Cancel a queue item", schema="jenkins-change/1", writes=True, destructive=True)
    async def jenkins_cancel_queue_item(
        self,
        context: Context[Any, Any],
        item: Number,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
        jenkins: Jenkins = None,
    ) -> ChangeView | InputRequiredResult:
        """Take an item out of the queue."""
        from jenkins_mcp.writing.changes import CancelChange  # noqa: PLC0415 - on first use, to start fast

        change = CancelChange(**await self._find_item(item, jenkins), number=item)
        return await self._act(context, change, dry_run, confirmation)

    async def _act(
        self, context: Context[Any, Any], change: JenkinsChange, dry_run: bool, token: str | None
    ) -> ChangeView | InputRequiredResult:
        return await self._actors[change.jenkins].act(context, change, dry_run=dry_run, token=token)

    async def _find_job(self, operation: str, job: str, jenkins: str | None, **facts: Any) -> dict[str, Any]:
        """Return what every change of a job is made with, under the name that Jenkins has for the job."""
        from jenkins_mcp.client.names import job_of  # noqa: PLC0415 - on first use, to start fast

        async def find(client: JenkinsClient) -> JobName:
            return job_of((await client.job(job)).full_name)

        facts = {"job": job, **facts}
        return await self._find(operation, jenkins, facts, find)

    async def _find_item(self, item: int, jenkins: str | None) -> dict[str, Any]:
        """Return the same for a queue item, whose job decides whether it may be changed."""
        from jenkins_mcp.client.calls import get_queue_item  # noqa: PLC0415 - likewise
        from jenkins_mcp.client.names import job_of  # noqa: PLC0415 - on first use, to start fast

        async def find(client: JenkinsClient) -> JobName:
            task = (await client.send(get_queue_item(item))).value.task
            if task is None or not task.full_name:
                raise InvalidInput(
                    f"Queue item {item} is not a build but a part of one that runs",
                    next_step="Stop the build instead",
                )
            # Read again as a job, which is refused where it is out of scope.
            return job_of((await client.job(task.full_name)).full_name)

        return await self._find("cancel", jenkins, {"item": item}, find)

    async def _find(
        self,
        operation: str,
        jenkins: str | None,
        facts: Mapping[str, Any],
        find: Callable[[JenkinsClient], Awaitable[JobName]],
    ) -> dict[str, Any]:
        instance = self._access.choose(jenkins).name
        async with self._actors[instance].recording_refusals(operation=operation, jenkins=instance, **facts):
            client = await self._access.client(jenkins)
            job = await find(client)
        return {"client": client, "pause": self._pause, "jenkins": instance, "name": operation, "job": job}
