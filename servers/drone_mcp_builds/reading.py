"""Reading one build, and saying what there is when it is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drone_mcp_builds import summary
from drone_mcp_builds.tidy import tidy
from drone_mcp_client.errors import NotFound, ServiceError
from drone_mcp_known.known import OF_ANY_REF

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_build.access import DroneAccess
    from drone_mcp_builds.views import BuildView
    from drone_mcp_known.known import Known, Reading


class Reader:
    """Reads builds: from what is known where that is fresh, else from Drone, and then it is known.

    What Drone has costs one request; further ones are spent only on what it has not. `clock` gives the Unix time.
    """

    def __init__(self, access: DroneAccess, known: Known, clock: Callable[[], float]) -> None:
        self._access = access
        self._known = known
        self._clock = clock

    async def build(self, repo: str, number: int) -> BuildView:
        """Tell one build.

        Raises:
            NotFound: there is no such build; says which numbers there are.
        """
        return self.told(await self.find(repo, number), repo)

    async def latest(self, repo: str) -> BuildView:
        """Tell the newest build of the default branch, or of any ref where that branch has none.

        Raises:
            NotFound: the repository has no builds, or is not there.
        """
        reading, note = await self.find_latest(repo)
        return self.told(reading, repo, note)

    async def find(self, repo: str, number: int, ahead: float = 0.0) -> Reading:
        """Return one build with its stages; `ahead` as in `Known.build`.

        Raises:
            NotFound: as `build`.
        """
        return await self._known.build(repo, number, ahead) or await self.ask(repo, number)

    async def find_latest(self, repo: str) -> tuple[Reading, str]:
        """Return what `latest` tells, and a note where it is not quite what was asked for.

        Raises:
            NotFound: as `latest`.
        """
        known = await self._known.latest(repo)
        if known is not None:
            return known, ""
        drone = await self._access.client()
        try:
            return await self._known.learn(repo, await drone.latest_build(repo)), ""
        except NotFound as missing:
            newest = await self._newest(repo, missing)
        return await self._known.learn(repo, await drone.build(repo, newest)), OF_ANY_REF

    async def ask(self, repo: str, number: int) -> Reading:
        """Return one build as Drone has it now.

        Raises:
            NotFound: as `build`.
        """
        drone = await self._access.client()
        try:
            return await self._known.learn(repo, await drone.build(repo, number))
        except NotFound as missing:
            newest = await self._newest(repo, missing)
            raise NotFound(
                f"{repo} has no build {number}; its newest is {newest}",
                next_step="Call drone_list_builds to see which there are; old ones may have been purged",
                status=missing.status,
                details={"repo": repo, "number": number, "newest": newest},
            ) from missing

    def told(self, reading: Reading, repo: str, note: str = "") -> BuildView:
        """Tell a reading as tool and resource show it."""
        build = tidy(reading.build, self._access.clean.text)
        view = summary.summarise(build, repo, self._access.settings.server, int(self._clock()), note)
        return summary.with_origin(view, reading.source, int(reading.at))

    async def _newest(self, repo: str, missing: NotFound) -> int:
        """Return the number of the newest build of any ref; raise the better error where there is none."""
        if missing.details.get("reason") != "missing":
            raise missing  # it is the repository that is not there
        drone = await self._access.client()
        try:
            page = await drone.build_page(repo, 1, 1)
        except ServiceError as error:
            raise missing from error  # the first answer stands, this was only to help
        if not page:
            raise NotFound(
                f"{repo} has no builds yet",
                next_step="Push a commit, or check in Drone that the repository is active",
                status=missing.status,
                details={"repo": repo},
            ) from missing
        return page[0].number
