"""The steps by which a build failed, in the order of cause and effect. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_logs.diagnosis.verdicts import Part, parts_of
from jenkins_mcp.logs.step_lookup import FAILED, NAME, WHAT, StepRef

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jenkins_mcp.client.models.builds import Build
    from jenkins_mcp.client.models.reports import Stage, StageDetails, StageStep

# jenkinsci/workflow-durable-task-step-plugin, DurableTaskStep.java.
_EXIT: Final = re.compile(r"script returned exit code (-?\d{1,10})")
_STAGE_BEGINS: Final = re.compile(r"\[Pipeline\] \{(?: \((.*)\))?\s*")
_BRANCH: Final = "Branch: "


@dataclass(frozen=True, slots=True)
class FailedStep:
    """A step that failed; without `step` a stage that failed by itself, without both the whole build."""

    part: Part
    stage: Stage | None = None
    step: StageStep | None = None

    @property
    def ref(self) -> StepRef:
        """Where its log is."""
        return StepRef(self.stage, self.step, self.step.id if self.step else "")

    @property
    def label(self) -> str:
        """Names and number, for a sentence."""
        return self.ref.label or "the build"

    @property
    def name(self) -> str:
        """The kind of the step and its arguments."""
        if self.step is None:
            return ""
        given = one_line(self.step.parameter_description, WHAT)
        return one_line(self.step.name, NAME) + (f": {given}" if given else "")

    @property
    def error(self) -> str:
        """Why it failed, in Jenkins' words."""
        failed = self.step or self.stage
        return failed.error.message if failed and failed.error else ""

    @property
    def exit_code(self) -> int:
        """Of its script; 0 where it is none."""
        found = _EXIT.search(self.error)
        return int(found[1]) if found else 0


def failed_steps(build: Build, stages: Sequence[StageDetails]) -> tuple[FailedStep, ...]:
    """Return the failures in causal order: the first, those after it, those that a stop ended.

    Args:
        build: that failed; if it did not, what failed in it is ignored.
        stages: those that failed, with their steps.
    """
    found: list[tuple[Stage, StageStep | None]] = [
        (stage, step) for stage in stages for step in stage.stage_flow_nodes if step.status in FAILED
    ]
    # A stage fails by the error of a step or stage within it, and has the same message.
    explained = {_message(step or stage) for stage, step in found}
    for stage in sorted(stages, key=lambda stage: -stage.start_time_millis):
        has_own = any(step.status in FAILED for step in stage.stage_flow_nodes)
        if not has_own and _message(stage) not in explained:
            explained.add(_message(stage))
            found.append((stage, None))
    # By the end and not by the start: the failure that ended first cannot be a consequence of another one.
    found.sort(key=lambda one: _ended(one[1] or one[0]))
    stopped = [one for one in found if (one[1] or one[0]).status == "ABORTED"]
    real = [one for one in found if one not in stopped]
    if build.is_over and build.result == "SUCCESS":
        return tuple(FailedStep(Part.IGNORED, *one) for one in found)
    parts = parts_of([((step or stage).start_time_millis, _ended(step or stage)) for stage, step in real])
    return (
        *(FailedStep(part, *one) for part, one in zip(parts, real, strict=True)),
        *(FailedStep(Part.STOPPED, *one) for one in stopped),
    )


def stage_around(lines: Sequence[str], number: int) -> str:
    """Return the name of the innermost stage around a line of a pipeline's console log; "" in parallel branches.

    The lines of branches are mixed, so that the stage around a line is unknown there.
    """
    around: list[str] = []
    for line in lines[:number]:
        if begun := _STAGE_BEGINS.fullmatch(line):
            around.append(begun[1] or "")
        elif line.rstrip() == "[Pipeline] }" and around:
            around.pop()
    if any(name.startswith(_BRANCH) for name in around):
        return ""
    return next((name for name in reversed(around) if name), "")


def _message(failed: Stage) -> str:
    return failed.error.message if failed.error else ""


def _ended(failed: Stage) -> int:
    return failed.start_time_millis + failed.duration_millis
