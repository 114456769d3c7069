"""What Drone's status words mean, and what they make of a build.

Source: Drone 2.25, core/status.go and operator/manager/teardown.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from drone_mcp_client.models import Build, Stage, Step

FINAL: Final = frozenset({"success", "failure", "error", "killed", "skipped", "declined"})
FAILED: Final = frozenset({"failure", "error", "killed"})

NEVER: Final = 1 << 62  # sorts a time that is not set behind all that are


@dataclass(frozen=True, slots=True)
class Failure:
    """What failed: a stage, and the step of it that did, if a step did (a stage can fail before its first)."""

    stage: Stage
    step: Step | None


def is_final(status: str) -> bool:
    """Whether Drone will not move on from this status by itself; an unknown one is taken as unfinished."""
    return status in FINAL


def is_failure(status: str) -> bool:
    """Whether something went wrong: `failure`, `error` or `killed`. `skipped` and `declined` are no failures."""
    return status in FAILED


def blocked_stages(build: Build) -> tuple[Stage, ...]:
    """The stages that wait for someone's approval."""
    return tuple(stage for stage in build.stages if stage.status == "blocked")


def is_held(build: Build) -> bool:
    """Whether the build waits for approval: Drone shows that as a `pending` build with a `blocked` stage.

    Needs a build with its stages: one from a list always looks as if it were only pending.
    """
    return build.status in {"pending", "blocked"} and bool(blocked_stages(build))


def failed_at_trigger(build: Build) -> bool:
    """Whether no stage ever existed because Drone could not make sense of the pipeline (`build.error` says why)."""
    return build.status == "error" and bool(build.error) and not build.stages


def failures(build: Build) -> tuple[Failure, ...]:
    """All that failed and counts, earliest end first; steps with `failure: ignore` do not count."""
    found = [failure for stage in build.stages for failure in _of_stage(stage)]
    return tuple(sorted(found, key=_ended))


def first_failure(build: Build) -> Failure | None:
    """What failed first, by time and then by order in the pipeline; None if nothing did."""
    return next(iter(failures(build)), None)


def _of_stage(stage: Stage) -> list[Failure]:
    steps = [Failure(stage, step) for step in stage.steps if is_failure(step.status) and not step.errignore]
    if steps or not is_failure(stage.status) or stage.errignore:
        return steps
    return [Failure(stage, None)]


def _ended(failure: Failure) -> tuple[int, int, int]:
    step = failure.step
    stopped = step.stopped if step else failure.stage.stopped
    return (stopped or NEVER, failure.stage.number, step.number if step else 0)
