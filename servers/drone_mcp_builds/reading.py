"""Reads one build and makes its view; the error for a missing build names the newest one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drone_mcp_builds import build_summary
from drone_mcp_client.errors import NotFound, ServiceError
from drone_mcp_known.known import OF_ANY_REF
from drone_mcp_known.reader import no_builds

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_builds.views import BuildView
    from drone_mcp_known.client_and_store import KnownAccess
    from drone_mcp_known.known import Observation


class ViewReader:
    """Reads builds for the tools and resources of this server. `clock` gives the Unix time."""

    def __init__(self, access: KnownAccess, clock: Callable[[], float]) -> None:
        self._access = access
        self._clock = clock

    async def view(self, repo: str, number: int | None) -> BuildView:
        """Return the view of a build; without a number, of the newest one (see `BuildReader.newest`).

        Raises:
            NotFound: there is no such build, no build at all, or no such repository.
        """
        observation = await (self._access.builds.newest(repo) if number is None else self.find(repo, number))
        return await self.view_of(observation, repo)

    async def find(self, repo: str, number: int, ahead: float = 0.0) -> Observation:
        """Return a build with its stages; `ahead` as in `Known.build`.

        Raises:
            NotFound: there is no such build; names the newest one.
        """
        try:
            return await self._access.builds.build(repo, number, ahead)
        except NotFound as missing:
            raise await self._with_newest(repo, number, missing) from missing

    async def view_of(self, observation: Observation, repo: str) -> BuildView:
        """Return the view of an observed build."""
        build = observation.build
        limit = await self._access.builds.time_limit(repo, build)
        home = await self._access.builds.home(repo, build)
        note = OF_ANY_REF if observation.of_any_ref else ""
        view = build_summary.summarise(build, repo, self._access.settings.server, int(self._clock()), note, limit, home)
        return build_summary.with_origin(view, observation.source, int(observation.at))

    async def _with_newest(self, repo: str, number: int, missing: NotFound) -> NotFound:
        """Return an error that names the newest build, or `missing` itself where that cannot be known."""
        if missing.details.get("reason") != "missing":
            return missing  # the repository itself is missing
        try:
            newest = await self._access.builds.newest_number(repo)
        except ServiceError:
            return missing  # this request was only to help
        if newest is None:
            return no_builds(repo)
        return NotFound(
            f"{repo} has no build {number}; its newest is {newest}",
            next_step="Call drone_list_builds to see which there are; old ones may have been purged",
            status=missing.status,
            details={"repo": repo, "number": number, "newest": newest},
        )
