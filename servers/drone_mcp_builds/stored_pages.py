"""Reads pages of a repository's builds from the store, else from Drone, and stores the latter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_client.client import DroneClient
    from drone_mcp_client.models import Build
    from drone_mcp_known.known import Known


class Pages:
    """Reads one list page by page, and records its source. `clock` gives the Unix time.

    Attributes:
        source: "store" if every page came from the store, else "drone".
        at: the time of the oldest page (Unix time).
    """

    def __init__(self, drone: DroneClient, known: Known, repo: str, clock: Callable[[], float]) -> None:
        self.drone = drone
        self.source: Literal["drone", "store"] = "store"
        self.at = clock()
        self._known = known
        self._repo = repo

    async def every(self, page: int, size: int) -> tuple[Build, ...]:
        """Read a page of all builds, newest first."""
        known = await self._known.page(self._repo, page, size)
        if known is None:
            builds = await self.filtered(page, size)
            await self._known.learn_rows(self._repo, builds)
            return builds
        self.at = min(self.at, known.at)
        return known.builds

    async def filtered(
        self, page: int, size: int, branch: str | None = None, tag: str | None = None
    ) -> tuple[Build, ...]:
        """Read a page of builds that Drone filters by branch or tag."""
        self.source = "drone"
        return await self.drone.build_page(self._repo, page, size, branch=branch, tag=tag)
