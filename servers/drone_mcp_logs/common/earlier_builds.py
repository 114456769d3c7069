"""Finds the builds before one, on the branch that it belongs to, and the same step in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drone_mcp_build.failed_steps import step_refs

if TYPE_CHECKING:
    from drone_mcp_build.failed_steps import StepRef
    from drone_mcp_client.client import DroneClient
    from drone_mcp_client.models import Build

PAGE = 50  # builds
_PAGES = 2  # of the requests that `diagnose.other_builds` may send


async def builds_before(drone: DroneClient, repo: str, number: int, branch: str) -> list[Build]:
    """Return the newest builds of a branch, newest first, down to a good one before build `number` or two pages."""
    listed: list[Build] = []
    for page in range(1, _PAGES + 1):
        builds = await drone.build_page(repo, page, PAGE, branch=branch)
        # Newer ones stay in: a diagnosis says how the branch stands since.
        listed += builds
        if len(builds) < PAGE or any(is_good_before(build, number) for build in listed):
            break
    return listed


def same_step(build: Build, ref: StepRef) -> StepRef | None:
    """Return the step of the same name in the stage of the same name; None if the build has none."""
    # By name: numbers change when someone inserts a step.
    wanted = ref.stage.name, ref.step.name
    return next((one for one in step_refs(build) if (one.stage.name, one.step.name) == wanted), None)


def is_good_before(build: Build, number: int) -> bool:
    """Whether a build succeeded before build `number`."""
    return build.status == "success" and build.number < number
