"""Which stages have to wait for others of their repository (harness/drone v2.25.0, `scheduler/queue/queue.go`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drone_mcp_simulator.records import Stage


def has_to_wait(stage: Stage, open_stages: Sequence[Stage]) -> bool:
    """Return whether a limit holds a pending stage back; `open_stages` are all that are pending or running."""
    siblings = [other for other in open_stages if other.repo_id == stage.repo_id and other.id != stage.id]
    return _reaches_limit(stage, siblings) or _reaches_throttle(stage, siblings)


def _reaches_limit(stage: Stage, siblings: Sequence[Stage]) -> bool:
    """Compare with the stage's limit: every older stage of its name counts, also one that only waits."""
    # By name within the repository: the limit is of the pipeline, across all branches and builds.
    named = [other for other in siblings if other.name == stage.name]
    ahead = sum(other.id < stage.id or other.status == "running" for other in named)
    return 0 < stage.limit <= ahead


def _reaches_throttle(stage: Stage, siblings: Sequence[Stage]) -> bool:
    """Compare with the throttle of the repository as the stage was created: every older stage counts."""
    return 0 < stage.throttle <= sum(other.id < stage.id for other in siblings)
