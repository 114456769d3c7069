"""The resources: a build as a document with an address, and completions for that address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_kit.resources_and_prompts import resource
from drone_mcp_builds.views import BuildView  # noqa: TC001 - the SDK reads the annotations of a resource
from drone_mcp_client.errors import InvalidInput

if TYPE_CHECKING:
    from drone_mcp_build.access import DroneAccess
    from drone_mcp_builds.reading import ViewReader

READ = "drone_get_build"
LATEST = "drone://repo/{owner}/{repo}/latest"
SUMMARY = "drone://repo/{owner}/{repo}/build/{number}/summary"


class BuildResources:
    """All resources of this server."""

    def __init__(self, access: DroneAccess, reader: ViewReader) -> None:
        self._access = access
        self._reader = reader

    @resource(LATEST, name="latest_build", title="CI status of a repository", needs=READ)
    async def latest(self, owner: str, repo: str) -> BuildView:
        """How the newest build of the default branch stands."""
        return await self._reader.view(self._access.resolve_repo(f"{owner}/{repo}"), None)

    @resource(SUMMARY, name="build_summary", title="How a build stands", needs=READ)
    async def summary(self, owner: str, repo: str, number: str) -> BuildView:
        """One build with its stages and steps."""
        # A part of the address, so a string; `int` alone would accept "+5", "1_0" and digits of any script.
        if not (number.isascii() and number.isdigit() and len(number) <= 18 and int(number)):  # noqa: PLR2004 - int64
            raise InvalidInput("The number of a build is a whole number from 1 on")
        return await self._reader.view(self._access.resolve_repo(f"{owner}/{repo}"), int(number))
