"""Reads from a build whether a person has approved it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drone_mcp_client.status import blocked_stages

if TYPE_CHECKING:
    from drone_mcp_client.models import Build


def was_approved(build: Build) -> bool:
    """Return whether every stage was approved, as far as the build shows.

    A build of a protected repository ends only after the last approval, unless it was stopped while it waited. A build
    that does not show it counts as not approved.
    """
    if not build.stages or blocked_stages(build):
        return False
    if build.status in {"success", "failure", "error"}:
        return True
    if build.status == "running":
        return all(stage.status != "declined" for stage in build.stages)
    return build.status == "killed" and all(stage.started for stage in build.stages)
