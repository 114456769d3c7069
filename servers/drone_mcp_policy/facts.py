"""Collects the facts of a build that rules look at, with the class of each failure. Pure.

The class comes from Drone's data: status, exit code, error text, and the step's name if these are not enough. A caller
that has diagnosed the log passes the class in, with its confidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_kit.sanitize import sanitize
from ci_mcp_logs.diagnosis.verdicts import Judgement, Part, judge_name
from drone_mcp_build.build_wording import clean_name
from drone_mcp_build.failed_steps import failures_that_count
from drone_mcp_build.failure_class import judge
from drone_mcp_policy.states import state_of

if TYPE_CHECKING:
    from ci_mcp_logs.diagnosis.verdicts import Confidence
    from drone_mcp_build.failed_steps import FailedStep
    from drone_mcp_client.models import Build
    from drone_mcp_policy.states import State

_ERROR_WIDTH = 200  # characters
_LOW_TO_HIGH: Final = ("low", "medium", "high")
_UNKNOWN: Final = Judgement("unknown", "low")


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed step, stage or build as rules see it."""

    stage: str = ""
    step: str = ""
    status: str = ""
    exit_code: int = 0
    error: str = ""
    kind: str = "unknown"
    confidence: Confidence = "low"

    @property
    def place(self) -> str:
        """Name the step, stage or build."""
        step = f"step {clean_name(self.step)!r} of " if self.step else ""
        return f"{step}stage {clean_name(self.stage)!r}" if self.stage else "the build"

    @property
    def description(self) -> str:
        """Describe the failure in a few words."""
        code = f" with exit code {self.exit_code}" if self.exit_code and self.status == "failure" else ""
        error = f": {one_line(self.error, _ERROR_WIDTH)}" if self.error else ""
        kind = f"maybe {self.kind}" if self.confidence == "low" and self.kind != "unknown" else self.kind
        return f"{self.place} ended as {clean_name(self.status)}{code} ({kind}){error}"


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


def collect_facts(
    build: Build | None, *, repo: str, now: int, diagnosed: Judgement | None = None, limit: int = 0
) -> Facts:
    """Gather the facts.

    `diagnosed` is the class that a diagnosis of the log found. `limit` is the repository's time limit in seconds; 0
    where it is not known.
    """
    state = state_of(build)
    stages = build.stages if build else ()
    places = [(stage.name, step) for stage in stages for step in [step.name for step in stage.steps] or [""]]
    # An agent passes on what a diagnosis answered, and "unknown" must not outweigh the guess by the name.
    known = diagnosed if diagnosed and diagnosed.kind != "unknown" else None
    return Facts(repo, state, build, tuple(places), _collect_failures(build, state, known, limit), now)


def _collect_failures(
    build: Build | None, state: State, diagnosed: Judgement | None, limit: int
) -> tuple[Failure, ...]:
    if build is None:
        return ()
    found = tuple(_classify(failed, diagnosed, limit) for failed in failures_that_count(build))
    if found:
        return found
    if state == "trigger_error":
        return (Failure(status="error", error=sanitize(build.error), kind="configuration", confidence="high"),)
    # Stopped before any step had started, so it has no failed step.
    if state == "killed":
        return (Failure(status="killed", kind="cancelled", confidence="high"),)
    kind, confidence, _ = diagnosed or _UNKNOWN
    return (Failure(status=build.status, kind=kind, confidence=confidence),) if state in {"failure", "error"} else ()


def _classify(failed: FailedStep, diagnosed: Judgement | None, limit: int) -> Failure:
    # A diagnosis judges the first failure and its consequences. One in parallel to it has a cause of its own.
    known = None if failed.part is Part.BESIDE else diagnosed
    own = judge(failed, limit)
    judged = known or judge_name(failed.own_name) or _UNKNOWN
    # Drone's data outweighs what an agent passes on, unless the diagnosis is surer.
    if own and not (known and _LOW_TO_HIGH.index(known.confidence) > _LOW_TO_HIGH.index(own.confidence)):
        judged = own
    return Failure(
        stage=failed.stage.name,
        step=failed.step.name if failed.step else "",
        status=failed.status,
        exit_code=failed.exit_code,
        error=sanitize(failed.error),
        kind=judged.kind,
        confidence=judged.confidence,
    )
