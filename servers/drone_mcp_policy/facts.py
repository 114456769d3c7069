"""What rules look at: a build's facts, and what failed in it with the class of each failure. Pure.

The class comes from what Drone itself says: status, exit code, error text, and the step's name where nothing else
tells. A log would tell more; who has read it hands in the class that it shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_mcp_kit.cleaning import one_line
from ci_mcp_kit.sanitize import sanitize
from drone_mcp_build.failed_steps import failures_that_count
from drone_mcp_build.failure_class import judge, judge_name
from drone_mcp_policy.states import state_of

if TYPE_CHECKING:
    from drone_mcp_build.failed_steps import FailedStep
    from drone_mcp_client.models import Build
    from drone_mcp_policy.states import State

_ERROR_WIDTH = 200
_NAME_WIDTH = 60


@dataclass(frozen=True, slots=True)
class Failure:
    """What rules see of a failed step, stage or build; `is_sure` if its class comes from more than a name."""

    stage: str = ""
    step: str = ""
    status: str = ""
    exit_code: int = 0
    error: str = ""
    kind: str = "unknown"
    is_sure: bool = False

    @property
    def description(self) -> str:
        """Say it in a few words."""
        step = f"step {one_line(self.step, _NAME_WIDTH)!r} of " if self.step else ""
        place = f"{step}stage {one_line(self.stage, _NAME_WIDTH)!r}" if self.stage else "the build"
        code = f" with exit code {self.exit_code}" if self.exit_code and self.status == "failure" else ""
        error = f": {one_line(self.error, _ERROR_WIDTH)}" if self.error else ""
        return f"{place} ended as {one_line(self.status, _NAME_WIDTH)}{code} ({self.kind}){error}"


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules are held against.

    Attributes:
        places: every (stage, step) of the build, a stage without steps with "".
        failed: what failed, the first first.
        now: Unix seconds.
    """

    repo: str
    state: State
    build: Build | None
    places: tuple[tuple[str, str], ...]
    failed: tuple[Failure, ...]
    now: int


def collect_facts(build: Build | None, *, repo: str, now: int, failure_class: str = "", limit: int = 0) -> Facts:
    """Gather the facts.

    `failure_class` is what a reader of the log says; it gives way to what Drone is sure of. `limit` is the
    repository's time limit in seconds; 0 where it is not known.
    """
    state = state_of(build)
    stages = build.stages if build else ()
    places = [(stage.name, step) for stage in stages for step in [step.name for step in stage.steps] or [""]]
    said = "" if failure_class == "unknown" else failure_class
    return Facts(repo, state, build, tuple(places), _failed(build, state, said, limit), now)


def _failed(build: Build | None, state: State, said: str, limit: int) -> tuple[Failure, ...]:
    if build is None:
        return ()
    found = tuple(_classified(failed, said, limit) for failed in failures_that_count(build))
    if found:
        return found
    if state == "trigger_error":
        return (Failure(status="error", error=sanitize(build.error), kind="configuration", is_sure=True),)
    if state == "killed":
        return (Failure(status="killed", kind="cancelled", is_sure=True),)
    return (Failure(status=build.status, kind=said or "unknown"),) if state in {"failure", "error"} else ()


def _classified(failed: FailedStep, said: str, limit: int) -> Failure:
    error = sanitize(failed.error)
    sure = judge(failed, limit)
    guess = judge_name(failed.own_name)
    return Failure(
        stage=failed.stage.name,
        step=failed.step.name if failed.step else "",
        status=failed.status,
        exit_code=failed.exit_code,
        error=error,
        kind=sure.kind if sure else said or (guess.kind if guess else "unknown"),
        is_sure=sure is not None,
    )
