"""Collects the facts of a build that rules look at, with the class of each failure. Pure.

The class comes from Drone's data: status, exit code, error text, and the step's name if these are not enough. A caller
that has diagnosed the log passes the class in.
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

_ERROR_WIDTH = 200  # characters
_NAME_WIDTH = 60  # characters


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed step, stage or build as rules see it; `is_sure` if its class comes from more than a name."""

    stage: str = ""
    step: str = ""
    status: str = ""
    exit_code: int = 0
    error: str = ""
    kind: str = "unknown"
    is_sure: bool = False

    @property
    def description(self) -> str:
        """Describe the failure in a few words."""
        step = f"step {one_line(self.step, _NAME_WIDTH)!r} of " if self.step else ""
        place = f"{step}stage {one_line(self.stage, _NAME_WIDTH)!r}" if self.stage else "the build"
        code = f" with exit code {self.exit_code}" if self.exit_code and self.status == "failure" else ""
        error = f": {one_line(self.error, _ERROR_WIDTH)}" if self.error else ""
        return f"{place} ended as {one_line(self.status, _NAME_WIDTH)}{code} ({self.kind}){error}"


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that rules are applied to.

    Attributes:
        places: every (stage, step) of the build, a stage without steps with "".
        failed: the failures in causal order.
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

    `failure_class` comes from a diagnosis of the log; a class that Drone's data makes certain takes precedence.
    `limit` is the repository's time limit in seconds; 0 where it is not known.
    """
    state = state_of(build)
    stages = build.stages if build else ()
    places = [(stage.name, step) for stage in stages for step in [step.name for step in stage.steps] or [""]]
    # An agent passes on what a diagnosis answered, and "unknown" must not outweigh the guess by the name.
    diagnosed = "" if failure_class == "unknown" else failure_class
    return Facts(repo, state, build, tuple(places), _collect_failures(build, state, diagnosed, limit), now)


def _collect_failures(build: Build | None, state: State, diagnosed: str, limit: int) -> tuple[Failure, ...]:
    if build is None:
        return ()
    found = tuple(_classify(failed, diagnosed, limit) for failed in failures_that_count(build))
    if found:
        return found
    if state == "trigger_error":
        return (Failure(status="error", error=sanitize(build.error), kind="configuration", is_sure=True),)
    # Stopped before any step had started, so it has no failed step.
    if state == "killed":
        return (Failure(status="killed", kind="cancelled", is_sure=True),)
    return (Failure(status=build.status, kind=diagnosed or "unknown"),) if state in {"failure", "error"} else ()


def _classify(failed: FailedStep, diagnosed: str, limit: int) -> Failure:
    error = sanitize(failed.error)
    sure = judge(failed, limit)
    guess = judge_name(failed.own_name)
    return Failure(
        stage=failed.stage.name,
        step=failed.step.name if failed.step else "",
        status=failed.status,
        exit_code=failed.exit_code,
        error=error,
        kind=sure.kind if sure else diagnosed or (guess.kind if guess else "unknown"),
        is_sure=sure is not None,
    )
