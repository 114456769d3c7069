"""The meaning of Drone's status words.

Source: Drone 2.25, core/status.go and operator/manager/teardown.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from drone_mcp_client.models import Build, Stage

FINAL: Final = frozenset({"success", "failure", "error", "killed", "skipped", "declined"})
FAILED: Final = frozenset({"failure", "error", "killed"})


def is_final(status: str) -> bool:
    """Return whether Drone will not move on from this status by itself; an unknown one is taken as unfinished."""
    return status in FINAL


def is_failure(status: str) -> bool:
    """Return whether something went wrong: `failure`, `error` or `killed`. `skipped` and `declined` are no failures."""
    return status in FAILED


def blocked_stages(build: Build) -> tuple[Stage, ...]:
    """The stages that wait for someone's approval."""
    return tuple(stage for stage in build.stages if stage.status == "blocked")


def is_held(build: Build) -> bool:
    """Return whether the build waits for approval: Drone shows that as a `pending` build with a `blocked` stage.

    Needs a build with its stages: one from a list always looks as if it were only pending.
    """
    # Drone 2.25 knows the status `blocked` (core/status.go), but never gives it to a build.
    return build.status in {"pending", "blocked"} and bool(blocked_stages(build))


def failed_at_trigger(build: Build) -> bool:
    """Return whether no stage ever existed, as Drone could not read the pipeline (`build.error` says why)."""
    return build.status == "error" and bool(build.error) and not build.stages
