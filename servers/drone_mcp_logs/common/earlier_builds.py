"""Finds the builds before one, on the branch that it belongs to, and the same step in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drone_mcp_logs.common.steps import places

if TYPE_CHECKING:
    from drone_mcp_client.client import DroneClient
    from drone_mcp_client.models import Build
    from drone_mcp_logs.common.steps import Place

_PAGE = 50  # builds
_PAGES = 2
_HEADS = "refs/heads/"


async def builds_before(drone: DroneClient, repo: str, number: int, branch: str) -> list[Build]:
    """Return the builds of a branch without build `number`, newest first, up to a good one before it or two pages."""
    listed: list[Build] = []
    for page in range(1, _PAGES + 1):
        builds = await drone.build_page(repo, page, _PAGE, branch=branch)
        listed += [build for build in builds if build.number != number]
        if len(builds) < _PAGE or any(is_good_before(build, number) for build in listed):
            break
    return listed


def branch_of(build: Build) -> str:
    """Return the branch whose builds precede this one: a pull request's target, else the pushed one; "" for a tag."""
    if build.event == "pull_request":
        return build.target
    return build.ref.removeprefix(_HEADS) if build.ref.startswith(_HEADS) else ""


def same_step(build: Build, place: Place) -> Place | None:
    """Return the step of the same name in the stage of the same name; None if the build has none."""
    wanted = place.stage.name, place.step.name
    return next((one for one in places(build) if (one.stage.name, one.step.name) == wanted), None)


def is_good_before(build: Build, number: int) -> bool:
    """Whether a build succeeded before build `number`."""
    return build.status == "success" and build.number < number
