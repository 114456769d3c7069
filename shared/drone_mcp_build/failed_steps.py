"""The steps of a build, and those that failed, in the order of cause and effect. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ci_mcp_logs.diagnosis.verdicts import NEVER, Part, parts_of
from drone_mcp_build.build_wording import clean_name
from drone_mcp_client.status import is_failure

if TYPE_CHECKING:
    from drone_mcp_client.models import Build, Stage, Step

NOT_YET: Final = frozenset({"pending", "waiting_on_dependencies", "blocked"})


@dataclass(frozen=True, slots=True)
class StepRef:
    """A step, and the stage that it is in."""

    stage: Stage
    step: Step

    @property
    def numbers(self) -> str:
        """`stage/step`, as a call takes them."""
        return f"{self.stage.number}/{self.step.number}"

    @property
    def name(self) -> str:
        """`stage/step`, as far as their names are known."""
        return _joined(self.stage.name, self.step.name)

    @property
    def label(self) -> str:
        """Numbers and names."""
        return f"{self.numbers} {self.name}".strip()

    @property
    def failed(self) -> bool:
        """Whether it failed, ignored or not."""
        return is_failure(self.step.status)

    @property
    def never_ran(self) -> bool:
        """Whether it has not run, so that it has no log (yet)."""
        step = self.step
        return step.status in NOT_YET | {"skipped", "declined"} or (step.status == "killed" and not step.started)


@dataclass(frozen=True, slots=True)
class FailedStep:
    """A step that failed, or a stage that failed without one (`step` is None, as a stage can fail before its first)."""

    stage: Stage
    step: Step | None
    part: Part

    @property
    def ref(self) -> StepRef | None:
        """The step; None of a stage that failed without one."""
        return StepRef(self.stage, self.step) if self.step else None

    @property
    def name(self) -> str:
        """`stage/step`, as far as their names are known."""
        return _joined(self.stage.name, self.step.name if self.step else "")

    @property
    def label(self) -> str:
        """Numbers and names."""
        return self.ref.label if self.ref else f"stage {self.stage.number} {self.name}".strip()

    @property
    def own_name(self) -> str:
        """The name of the step, or of the stage where there is none."""
        return (self.step or self.stage).name

    @property
    def status(self) -> str:
        """How it ended."""
        return (self.step or self.stage).status

    @property
    def exit_code(self) -> int:
        """Its exit code; 0 where Drone has none."""
        return (self.step or self.stage).exit_code

    @property
    def error(self) -> str:
        """The error that the runner reported; "" for none."""
        if self.step is None:
            return self.stage.error
        # Where the runner could not run a step, the reason is often recorded for its stage alone.
        return self.step.error or (self.stage.error if self.step.status == "error" else "")

    @property
    def seconds(self) -> int:
        """How long it ran; 0 where that is not known."""
        timed = self.step or self.stage
        return max(0, timed.stopped - timed.started) if timed.started and timed.stopped else 0


def step_refs(build: Build) -> list[StepRef]:
    """Return all steps in order."""
    return [StepRef(stage, step) for stage in build.stages for step in stage.steps]


def failed_steps(build: Build) -> tuple[FailedStep, ...]:
    """Return the failures in causal order.

    The order is the first, those after it or at its time, those that a stop killed, and the ignored ones.
    """
    counting: list[tuple[Stage, Step | None]] = []
    for stage in build.stages:
        steps = [step for step in stage.steps if is_failure(step.status) and not step.errignore]
        counting += [(stage, step) for step in steps]
        if not steps and is_failure(stage.status) and not stage.errignore:
            counting.append((stage, None))  # it failed without a step
    # By the end and not by the start: the failure that ended first cannot be a consequence of another one.
    counting.sort(key=lambda one: ((one[1] or one[0]).stopped or NEVER, one[0].number, one[1].number if one[1] else 0))
    stopped = [one for one in counting if build.status == "killed" and (one[1] or one[0]).status == "killed"]
    # They did not fail by themselves, so none of them is the first failure, even where it ended first.
    real = [one for one in counting if one not in stopped]
    ignored = [(ref.stage, ref.step) for ref in step_refs(build) if ref.failed and ref.step.errignore]
    times = [((step or stage).started, (step or stage).stopped or NEVER) for stage, step in real]
    found = [FailedStep(stage, step, part) for (stage, step), part in zip(real, parts_of(times), strict=True)]
    found += [FailedStep(stage, step, Part.STOPPED) for stage, step in stopped]
    found += [FailedStep(stage, step, Part.IGNORED) for stage, step in ignored]
    return tuple(found)


def failures_that_count(build: Build) -> tuple[FailedStep, ...]:
    """Return the failures in causal order without those that the pipeline ignores."""
    return tuple(failed for failed in failed_steps(build) if failed.part is not Part.IGNORED)


def _joined(*names: str) -> str:
    return "/".join(clean_name(name) for name in names if name)
