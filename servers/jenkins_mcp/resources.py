"""The resources: how a build stands, and its log. `?jenkins=NAME` says which Jenkins, where there are several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_kit.resources_and_prompts import resource
from jenkins_mcp.builds.views import BuildView  # noqa: TC001 - the SDK reads the annotations of a resource

if TYPE_CHECKING:
    from collections.abc import Callable

    from jenkins_mcp.access import JenkinsAccess
    from jenkins_mcp.logs.reader import Reading
    from jenkins_mcp.logs.target_build import Target

GET_BUILD: Final = "jenkins_get_build"
LATEST: Final = "jenkins://{+job}/latest{?jenkins}"
SUMMARY: Final = "jenkins://{+job}/{number}/summary{?jenkins}"
LOG: Final = "jenkins://{+job}/{number}/log{?jenkins}"


class JenkinsResources:
    """All resources of this server. `clock` gives the Unix time."""

    def __init__(self, access: JenkinsAccess, clock: Callable[[], float]) -> None:
        self._access = access
        self._clock = clock

    @resource(LATEST, name="latest_build", title="Newest build of a job", needs=GET_BUILD)
    async def latest(self, job: str, jenkins: str | None = None) -> BuildView:
        """How the newest build of a job stands."""
        return await self._view(job, "lastBuild", jenkins)

    @resource(SUMMARY, name="build_summary", title="How a build stands", needs=GET_BUILD)
    async def summary(self, job: str, number: str, jenkins: str | None = None) -> BuildView:
        """One build with its parameters, changes and stages; number may be a name like lastFailedBuild."""
        return await self._view(job, number, jenkins)

    @resource(LOG, name="build_log", title="Log of a build", mime_type="text/plain", needs="jenkins_get_build_log")
    async def log(self, job: str, number: str, jenkins: str | None = None) -> str:
        """The log of a build with line numbers, its last 256 KiB."""
        import anyio.to_thread  # noqa: PLC0415 - on first use, to start fast

        from jenkins_mcp.logs.reader import LogReader  # noqa: PLC0415 - likewise
        from jenkins_mcp.logs.target_build import with_build  # noqa: PLC0415 - likewise

        async def read(target: Target) -> tuple[Target, Reading]:
            return target, await LogReader(target.client, target.job, target.number).read_end()

        target, reading = await with_build(await self._access.client(jenkins), job, number, read)
        return await anyio.to_thread.run_sync(write_whole, f"{target.job} #{target.number}", reading)

    async def _view(self, job: str, build: str, jenkins: str | None) -> BuildView:
        from jenkins_mcp.builds.reading import view_build  # noqa: PLC0415 - on first use, to start fast

        return await view_build(await self._access.client(jenkins), job, build, self._clock())


def write_whole(head: str, reading: Reading) -> str:
    """Write the end of a log below a line that says which part of it this is."""
    from ci_mcp_logs.log_rendering import write_log  # noqa: PLC0415 - on first use, to start fast

    span, log = write_log(reading.text)
    left_out = (
        ". What comes before is left out: jenkins_get_build_log reads it" if span.start or reading.base.base else ""
    )
    lines = f"Lines {reading.text.first + span.start} to {reading.text.last} of {reading.size} bytes"
    state = ", still running" if reading.text.running else ""
    return f"{head}. {lines}{state}{left_out}.\n{log}\n"
