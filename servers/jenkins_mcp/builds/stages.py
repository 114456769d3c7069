"""Reads the stages of a pipeline's build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_kit.errors import NotFound
from jenkins_mcp.client.calls import get_stages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jenkins_mcp.client.client import JenkinsClient
    from jenkins_mcp.client.models.builds import Build
    from jenkins_mcp.client.models.reports import Stage
    from jenkins_mcp.client.names import JobName


async def read_stages(client: JenkinsClient, job: JobName, build: Build) -> Sequence[Stage]:
    """Return the stages of a pipeline's build; none where the stage view plugin is missing."""
    if not build.is_a("WorkflowRun"):
        return ()
    try:
        return (await client.send(get_stages(job, build.number))).stages
    except NotFound:
        return ()
