"""Reading what a decision needs: the build, and its history only where a rule would retry it.

A build comes from what is known where that is fresh and the caller may see it. The history is always Drone's own: a
restart follows from it, and one more that the store has not heard of yet would be one too many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drone_mcp_client.errors import NotFound
from drone_mcp_known.known import OF_ANY_REF
from drone_mcp_policy.attempts import History
from drone_mcp_policy.rules import MOST_RETRIES

if TYPE_CHECKING:
    from drone_mcp_client.models import Build
    from drone_mcp_known.access import KnownAccess
    from drone_mcp_known.known import Reading

_PAGE: Final = 100  # builds; the most that Drone 2.25 gives
_PAGES: Final = 2


class Reader:
    """Reads for one process."""

    def __init__(self, access: KnownAccess) -> None:
        self._access = access

    async def build(self, repo: str, number: int) -> Reading:
        """Return one build.

        Raises:
            NotFound: there is none of that number.
        """
        known = await self._access.known.build(repo, number)
        return known or await self._access.known.learn(repo, await (await self._access.client()).build(repo, number))

    async def newest(self, repo: str) -> tuple[Reading | None, str]:
        """Return the newest build of the default branch and a note; of any ref where that branch has none.

        Raises:
            NotFound: the repository is not there.
        """
        known = await self._access.known.latest(repo)
        if known is not None:
            return known, ""
        drone = await self._access.client()
        try:
            return await self._access.known.learn(repo, await drone.latest_build(repo)), ""
        except NotFound as missing:
            if missing.details.get("reason") != "missing":
                raise
        page = await drone.build_page(repo, 1, 1)
        if not page:
            return None, "The repository has no builds yet"
        return await self.build(repo, page[0].number), OF_ANY_REF

    async def history(self, repo: str, build: Build) -> History:
        """Read the builds since this one and some before it, and those that it descends from.

        At most two pages and one request for each retry that a rule can allow. What is missing then is told by the
        history itself, and is no retry.
        """
        drone = await self._access.client()
        builds: dict[int, Build] = {}
        complete_from = 1
        for number in range(1, _PAGES + 1):
            page = await drone.build_page(repo, number, _PAGE)
            builds |= {other.number: other for other in page}
            if len(page) < _PAGE:
                break
            complete_from = min(builds)
            if complete_from <= build.number - _PAGE // 2:
                break
        return History((*builds.values(), *await self._ancestors(repo, build, builds)), complete_from)

    async def _ancestors(self, repo: str, build: Build, known: dict[int, Build]) -> list[Build]:
        found: list[Build] = []
        while build.parent and len(found) <= MOST_RETRIES:
            parent = known.get(build.parent)
            if parent is None:
                try:
                    parent = (await self.build(repo, build.parent)).build
                except NotFound:
                    break  # purged
                found.append(parent)
            if parent.number >= build.number:
                break  # not Drone's doing
            build = parent
        return found
