"""Lists the artifacts of a build with their sizes, which Jenkins gives in another place or one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from ci_mcp_kit.concurrency import for_each
from ci_mcp_kit.errors import NotFound
from ci_mcp_kit.token_count import count_tokens
from jenkins_mcp.artifacts.views import ArtifactLine, ArtifactList
from jenkins_mcp.client.artifacts import measure
from jenkins_mcp.client.calls import list_artifacts as list_page
from jenkins_mcp.client.calls import list_stored_artifacts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jenkins_mcp.client.client import JenkinsClient
    from jenkins_mcp.client.models.builds import Build
    from jenkins_mcp.client.names import JobName

PAGE: Final = 100  # artifacts of one answer
MOST_MEASURED: Final = 20  # artifacts whose sizes are asked for one by one
BUDGET: Final = 1700  # tokens of the lines
TOKENS_OF_A_LINE: Final = 12  # without its path


async def list_artifacts(client: JenkinsClient, job: JobName, build: int | str, start: int) -> ArtifactList:
    """List artifacts from a place in the whole list on, as many as fit into an answer."""
    # One more than a page, as Jenkins says nowhere how many there are.
    read = await client.send(list_page(job, build, start, PAGE + 1))
    paths: list[str] = []
    tokens = 0
    for artifact in read.artifacts[:PAGE]:
        tokens += count_tokens(artifact.relative_path) + TOKENS_OF_A_LINE
        if paths and tokens > BUDGET:
            break
        paths.append(artifact.relative_path)
    sizes = await _sizes(client, job, read, paths)
    unknown, place = len(paths) - len(sizes), start + len(paths)
    has_more = len(read.artifacts) > len(paths)
    return ArtifactList(
        job=str(job),
        number=read.number,
        artifacts=tuple(ArtifactLine(path=path, size=sizes.get(path)) for path in paths),
        next_start=place if has_more else None,
        left_out=f"the sizes of {unknown} artifacts" if unknown else "",
        next_step=f"Call again with start {place} for more" if has_more else "",
    )


async def _sizes(client: JenkinsClient, job: JobName, build: Build, paths: Sequence[str]) -> dict[str, int]:
    """Return path -> size, as far as Jenkins says it within the budget of requests."""
    sizes: dict[str, int] = {}
    if paths and build.is_a("WorkflowRun"):
        try:
            stored = await client.send(list_stored_artifacts(job, build.number))
            sizes = {unquote(artifact.path): artifact.size for artifact in stored}
        except NotFound:  # without the stage view plugin
            pass
    left = [path for path in paths if path not in sizes][:MOST_MEASURED]
    measured = await for_each([measure(job, build.number, path) for path in left], client.send)
    sizes |= {path: size for path, size in zip(left, measured, strict=True) if size is not None}
    return {path: sizes[path] for path in paths if path in sizes}
