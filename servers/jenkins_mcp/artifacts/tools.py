"""The tools about artifacts: arguments in, one or few calls, a view out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from ci_mcp_kit.tools import tool
from jenkins_mcp.arguments import BuildName, Jenkins, Job, read_build
from jenkins_mcp.artifacts.views import ArtifactList, ArtifactView

if TYPE_CHECKING:
    from pathlib import Path

    from jenkins_mcp.access import JenkinsAccess

GUIDE = "- Files that a build kept: jenkins_list_artifacts; one of them: jenkins_get_artifact."
"""The line of the server's instructions about these tools."""


class ArtifactTools:
    """The tools about artifacts; `folder` is where they are saved, `limit` the size of the largest in bytes."""

    def __init__(self, access: JenkinsAccess, folder: Path | None, limit: int) -> None:
        self._access = access
        self._folder = folder
        self._limit = limit

    @tool(title="List artifacts", schema="jenkins-artifact-list/1")
    async def jenkins_list_artifacts(
        self,
        job: Job,
        build: BuildName = "lastBuild",
        start: Annotated[int, Field(ge=0, description="next_start, 0+")] = 0,
        jenkins: Jenkins = None,
    ) -> ArtifactList:
        """Files that a build kept, with sizes."""
        from jenkins_mcp.artifacts.listing import list_artifacts  # noqa: PLC0415 - on first use, to start fast
        from jenkins_mcp.client.names import job_of  # noqa: PLC0415 - likewise

        client = await self._access.client(jenkins)
        name = job_of((await client.job(job)).full_name)
        return await list_artifacts(client, name, read_build(build), start)

    @tool(title="Get an artifact", schema="jenkins-artifact/1")
    async def jenkins_get_artifact(
        self,
        job: Job,
        path: Annotated[str, Field(description="from the list")],
        build: BuildName = "lastBuild",
        bytes: Annotated[str, Field(description="range, of at most 20000")] = "0-2999",  # noqa: A002 - a caller's word
        form: Annotated[
            Literal["text", "base64", "file"],
            Field(description="file: save the whole"),
        ] = "text",
        jenkins: Jenkins = None,
    ) -> ArtifactView:
        """Part of an artifact, base64 if it is no text; or save it."""
        from jenkins_mcp.artifacts.reading import PartRequest, read_artifact, read_range  # noqa: PLC0415 - start fast
        from jenkins_mcp.artifacts.saving import save_artifact  # noqa: PLC0415 - likewise
        from jenkins_mcp.client.calls import list_artifacts  # noqa: PLC0415 - likewise
        from jenkins_mcp.client.names import job_of  # noqa: PLC0415 - likewise

        start, size = read_range(bytes)
        client = await self._access.client(jenkins)
        name, number = job_of((await client.job(job)).full_name), read_build(build)
        if isinstance(number, str):
            # All parts of an answer, and of a series of them, are of one build.
            number = (await client.send(list_artifacts(name, number, 0, 0))).number
        if form == "file":
            return await save_artifact(client, self._folder, self._limit, jenkins or "", name, number, path)
        request = PartRequest(name, number, path, start, size, as_base64=form == "base64")
        return await read_artifact(client, self._access.clean.redactor, request)
