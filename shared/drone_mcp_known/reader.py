"""Reads builds: from the store where that is fresh, else from Drone, after which the store knows them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from drone_mcp_build.commit_links import home_by_link
from drone_mcp_build.failure_class import needs_time_limit
from drone_mcp_client.errors import NotFound, ServiceError

if TYPE_CHECKING:
    from drone_mcp_build.access import DroneAccess
    from drone_mcp_client.models import Build
    from drone_mcp_known.known import Known, Observation


class NoBuilds(NotFound):
    """The repository exists, and has no builds yet."""


def no_builds(repo: str) -> NoBuilds:
    """Return the error for a repository without builds."""
    next_step = "Push a commit, or check in Drone that the repository is active"
    return NoBuilds(f"{repo} has no builds yet", next_step=next_step, details={"repo": repo})


class BuildReader:
    """The one way in which servers read a build.

    A build that Drone has costs one request; further ones are sent only after a miss.
    """

    def __init__(self, access: DroneAccess, known: Known) -> None:
        self._access = access
        self._known = known

    async def build(self, repo: str, number: int, ahead: float = 0.0) -> Observation:
        """Return a build with its stages; `ahead` as in `Known.build`.

        Raises:
            NotFound: there is no such build, or no such repository.
        """
        return await self._known.build(repo, number, ahead) or await self.ask(repo, number)

    async def find(self, repo: str, number: int | None) -> Observation:
        """Return a build; without a number, the newest one (see `newest`)."""
        return await self.newest(repo) if number is None else await self.build(repo, number)

    async def ask(self, repo: str, number: int) -> Observation:
        """Return a build as Drone has it now, whatever the store says.

        Raises:
            NotFound: as `build`.
        """
        drone = await self._access.client()
        return await self._known.learn(repo, await drone.build(repo, number))

    async def newest(self, repo: str) -> Observation:
        """Return the newest build of the default branch, or of any ref where that branch has none.

        Raises:
            NoBuilds: the repository has no builds yet.
            NotFound: there is no such repository.
        """
        found = await self.newest_of_default_branch(repo)
        if found is not None:
            return found
        number = await self.newest_number(repo)
        if number is None:
            raise no_builds(repo)
        return replace(await self.build(repo, number), of_any_ref=True)

    async def newest_of_default_branch(self, repo: str) -> Observation | None:
        """Return the newest build of the default branch; None where that branch has none.

        Raises:
            NotFound: there is no such repository.
        """
        known = await self._known.latest(repo)
        if known is not None:
            return known
        drone = await self._access.client()
        try:
            return await self._known.learn(repo, await drone.latest_build(repo))
        except NotFound as error:
            # The repository itself is missing, or closed to this token (`drone_mcp_client.refusals`).
            if error.details.get("reason") != "missing":
                raise
            return None

    async def time_limit(self, repo: str, build: Build) -> int:
        """Return the repository's time limit in seconds; 0 where it has no part in the build's end, or is not known."""
        if not needs_time_limit(build):
            return 0
        try:
            found = await self._known.repo(repo)
        except ServiceError:
            return 0  # the build can be judged without it, if less surely
        # Drone counts minutes.
        return found.timeout * 60 if found else 0

    async def home(self, repo: str, build: Build) -> str:
        """Return the page of the build's repository at its source host; "" where that is not known."""
        if known := home_by_link(build):
            return known
        try:
            found = await self._known.repo(repo)
        except ServiceError:
            return ""  # an answer is complete without it
        return found.link if found else ""

    async def newest_number(self, repo: str) -> int | None:
        """Return the number of the newest build of any ref; None where there are no builds."""
        drone = await self._access.client()
        page = await drone.build_page(repo, 1, 1)
        return page[0].number if page else None
