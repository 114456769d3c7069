"""The failed steps of a build, in the order of cause and effect. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_mcp_kit.sanitize import one_line
from drone_mcp_client.status import NEVER, failures, is_failure
from drone_mcp_logs.common.steps import NAME, Place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drone_mcp_client.models import Build, Stage, Step

FIRST = "failed first"
AFTER = "failed after it, maybe because of it"
BESIDE = "failed beside it"
STOPPED = "ran when the build was stopped"
IGNORED = "failed, but failures of it are ignored"


@dataclass(frozen=True, slots=True)
class Failed:
    """A failed step, or a stage that failed without one (`step` is None); `role` is its part in the failure."""

    stage: Stage
    step: Step | None
    role: str

    @property
    def place(self) -> Place:
        """The step; of a stage without a failed one, a step 0 that has no log."""
        from drone_mcp_client.models import Step  # noqa: PLC0415 - on first use, to start fast

        return Place(self.stage, self.step or Step(number=0, name="", status="skipped"))

    @property
    def label(self) -> str:
        """Numbers and names."""
        return self.place.label if self.step else f"stage {self.stage.number} {one_line(self.stage.name, NAME)}".strip()

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
        return self.step.error or (self.stage.error if self.step.status == "error" else "")

    @property
    def seconds(self) -> int:
        """How long it ran; 0 where that is not known."""
        timed = self.step or self.stage
        return max(0, timed.stopped - timed.started) if timed.started and timed.stopped else 0


def in_causal_order(build: Build) -> tuple[Failed, ...]:
    """Return the failures: the first, those after it or at its time, those that a stop caught, the ignored ones."""
    counting = [Failed(failure.stage, failure.step, "") for failure in failures(build)]
    stopped = [failed for failed in counting if build.status == "killed" and failed.status == "killed"]
    real = [failed for failed in counting if failed not in stopped]
    ignored = [Failed(stage, step, IGNORED) for stage in build.stages for step in stage.steps if _is_ignored(step)]
    return (*_with_roles(real), *(Failed(one.stage, one.step, STOPPED) for one in stopped), *ignored)


def _is_ignored(step: Step) -> bool:
    return step.errignore and is_failure(step.status)


def _with_roles(real: list[Failed]) -> Iterable[Failed]:
    """Begin with the first. What began after its end may follow from it, what had begun before cannot."""
    for index, failed in enumerate(real):
        began = (failed.step or failed.stage).started
        ended = (real[0].step or real[0].stage).stopped or NEVER
        yield Failed(failed.stage, failed.step, FIRST if not index else AFTER if began >= ended else BESIDE)


def consequences(build: Build) -> list[str]:
    """Return labels of what did not run because of a failure: later steps of its stage, stages that depend on it."""
    broken = {stage.name for stage in build.stages if is_failure(stage.status)}
    return [line for stage in build.stages for line in _not_run(stage, broken)]


def _not_run(stage: Stage, broken: set[str]) -> list[str]:
    if stage.status == "skipped" and broken.intersection(stage.depends_on):
        broken.add(stage.name)
        return [f"stage {stage.number} {one_line(stage.name, NAME)}"]
    failed = [step.number for step in stage.steps if is_failure(step.status) and not step.errignore]
    after = min(failed, default=NEVER)
    return [Place(stage, step).label for step in stage.steps if step.status == "skipped" and step.number > after]
