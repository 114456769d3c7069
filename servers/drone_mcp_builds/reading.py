"""Reading one build, and saying what there is when it is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drone_mcp_builds import summary
from drone_mcp_builds.tidy import tidy
from drone_mcp_client.errors import DroneError, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_builds.views import BuildView
    from drone_mcp_client.models import Build
    from drone_mcp_kit.access import DroneAccess


class Reader:
    """Reads builds. What is there costs one request; further ones are spent only on what is not."""

    def __init__(self, access: DroneAccess, clock: Callable[[], float]) -> None:
        self._access = access
        self._clock = clock

    async def build(self, repo: str, number: int) -> BuildView:
        """Tell one build.

        Raises:
            NotFound: there is no such build; says which numbers there are.
        """
        return self._told(await self.find(repo, number), repo)

    async def latest(self, repo: str) -> BuildView:
        """Tell the newest build of the default branch, or of any ref where that branch has none.

        Raises:
            NotFound: the repository has no builds, or is not there.
        """
        drone = await self._access.client()
        try:
            return self._told(await drone.latest_build(repo), repo)
        except NotFound as missing:
            newest = await self._newest(repo, missing)
        note = "The default branch has no builds; this is the newest of any branch, tag or pull request"
        return self._told(await drone.build(repo, newest), repo, note)

    async def find(self, repo: str, number: int) -> Build:
        """Return one build with its stages.

        Raises:
            NotFound: as `build`.
        """
        drone = await self._access.client()
        try:
            return await drone.build(repo, number)
        except NotFound as missing:
            newest = await self._newest(repo, missing)
            raise NotFound(
                f"{repo} has no build {number}; its newest is {newest}",
                next_step="Call drone_list_builds to see which there are; old ones may have been purged",
                status=missing.status,
                details={"repo": repo, "number": number, "newest": newest},
            ) from missing

    async def _newest(self, repo: str, missing: NotFound) -> int:
        """Return the number of the newest build of any ref; raise the better error where there is none."""
        if missing.details.get("reason") != "missing":
            raise missing  # it is the repository that is not there
        drone = await self._access.client()
        try:
            page = await drone.build_page(repo, 1, 1)
        except DroneError as error:
            raise missing from error  # the first answer stands, this was only to help
        if not page:
            raise NotFound(
                f"{repo} has no builds yet",
                next_step="Push a commit, or check in Drone that the repository is active",
                status=missing.status,
                details={"repo": repo},
            ) from missing
        return page[0].number

    def _told(self, build: Build, repo: str, note: str = "") -> BuildView:
        build = tidy(build, self._access.clean.text)
        return summary.summarise(build, repo, self._access.settings.server, int(self._clock()), note)
