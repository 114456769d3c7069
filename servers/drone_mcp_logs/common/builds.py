"""Fetches the build that a call asks about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drone_mcp_client.errors import NotFound

if TYPE_CHECKING:
    from drone_mcp_client.client import DroneClient
    from drone_mcp_client.models import Build


async def fetch_build(drone: DroneClient, repo: str, number: int | None) -> Build:
    """Return a build; without a number the newest of the default branch, or of any ref where that has none.

    Raises:
        NotFound: there is no such build, or none at all.
    """
    if number is not None:
        return await drone.build(repo, number)
    try:
        return await drone.latest_build(repo)
    except NotFound as error:
        if error.details.get("reason") != "missing":
            raise
    newest = await drone.build_page(repo, 1, 1)
    if not newest:
        raise NotFound(f"{repo} has no builds yet", next_step="Push a commit, then ask again", details={"repo": repo})
    return await drone.build(repo, newest[0].number)
