"""Which stages have to wait for others of their repository (harness/drone v2.25.0, `scheduler/queue/queue.go`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drone_mcp_simulator.records import Stage


def has_to_wait(stage: Stage, open_stages: Sequence[Stage]) -> bool:
    """Return whether a limit holds a pending stage back; `open_stages` are all that are pending or running."""
    siblings = [other for other in open_stages if other.repo_id == stage.repo_id and other.id != stage.id]
    # Every older stage counts, also one that only waits. By name within the repository: the limit is of the pipeline,
    # across all branches and builds; the throttle is that of the repository as the stage was created.
    named = [other for other in siblings if other.name == stage.name]
    ahead = sum(other.id < stage.id or other.status == "running" for other in named)
    return 0 < stage.limit <= ahead or 0 < stage.throttle <= sum(other.id < stage.id for other in siblings)
