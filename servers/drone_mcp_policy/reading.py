"""Reading from Drone what a decision needs: the build, and its history only where a rule would retry it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drone_mcp_client.errors import NotFound
from drone_mcp_policy.attempts import History
from drone_mcp_policy.rules import MOST_RETRIES

if TYPE_CHECKING:
    from drone_mcp_client.client import DroneClient
    from drone_mcp_client.models import Build

_PAGE: Final = 100  # builds; the most that Drone 2.25 gives
_PAGES: Final = 2


async def newest(drone: DroneClient, repo: str) -> tuple[Build | None, str]:
    """Return the newest build of the default branch and a note; of any ref where that branch has none.

    Raises:
        NotFound: the repository is not there.
    """
    try:
        return await drone.latest_build(repo), ""
    except NotFound as missing:
        if missing.details.get("reason") != "missing":
            raise
    page = await drone.build_page(repo, 1, 1)
    if not page:
        return None, "The repository has no builds yet"
    note = "The default branch has no builds; this is the newest of any branch, tag or pull request"
    return await drone.build(repo, page[0].number), note


async def history_of(drone: DroneClient, repo: str, build: Build) -> History:
    """Read the builds since this one and some before it, and those that it descends from.

    At most two pages and one request for each retry that a rule can allow. What is missing then is told by the
    history itself, and is no retry.
    """
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
    return History((*builds.values(), *await _ancestors(drone, repo, build, builds)), complete_from)


async def _ancestors(drone: DroneClient, repo: str, build: Build, known: dict[int, Build]) -> list[Build]:
    found: list[Build] = []
    while build.parent and len(found) <= MOST_RETRIES:
        parent = known.get(build.parent)
        if parent is None:
            try:
                parent = await drone.build(repo, build.parent)
            except NotFound:
                break  # purged
            found.append(parent)
        if parent.number >= build.number:
            break  # not Drone's doing
        build = parent
    return found
