"""Describes the failures of a build, in a sentence and as data. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_logs.diagnosis.verdicts import Part
from drone_mcp_build.build_wording import clean_name
from drone_mcp_build.failed_steps import FailedStep, failures_that_count
from drone_mcp_builds.formatting import clean_error, name_stage, name_step
from drone_mcp_builds.views import FirstFailure
from drone_mcp_client import status

if TYPE_CHECKING:
    from drone_mcp_client.models import Build, Step


def find_notable_failures(build: Build) -> list[FailedStep]:
    """Return the failures worth reporting, in causal order.

    Steps killed by a stop are not failures of their own. Where a failed build has no failure that counts, the stages
    with ignored failures are returned instead.
    """
    # An automatic cancel makes the build `skipped` and its steps `killed`.
    stopped = build.status == "skipped"
    found = [failed for failed in failures_that_count(build) if not (stopped or failed.part is Part.STOPPED)]
    if found or build.status not in {"failure", "error"}:
        return found
    return [FailedStep(stage, None, Part.IGNORED) for stage in build.stages if status.is_failure(stage.status)]


def describe_failure(failed: FailedStep) -> str:
    """Describe in a sentence which step or stage failed and how."""
    step = failed.step
    if step is None:
        error = f": {clean_error(failed.stage.error)}" if failed.stage.error else ""
        verb = "was killed" if failed.stage.status == "killed" else "failed without a failed step"
        return f"{name_stage(failed.stage)} {verb}{error}"
    error = f": {clean_error(step.error)}" if step.error else ""
    verb = f"exited with {step.exit_code}" if step.exit_code else "failed"
    verb = {"killed": "was killed", "error": "could not be run"}.get(step.status, verb)
    return f"{name_step(step, failed.stage)} {verb}{error}"


def informative_exit_code(step: Step) -> int | None:
    """Return the exit code where it says more than the status does.

    It is always 255 for an internal error, and 130 or 137 of a stopped step; 78 is a success that ends the stage
    (drone/runner-go, pipeline/state.go).
    """
    return step.exit_code if step.exit_code and step.status in {"failure", "success"} else None


def view_first_failure(build: Build) -> FirstFailure | None:
    """Return the view of the first failure."""
    failed = next(iter(find_notable_failures(build)), None)
    if failed is None:
        return None
    stage, step = failed.stage, failed.step
    return FirstFailure(
        stage=stage.number,
        stage_name=clean_name(stage.name),
        step=step.number if step else None,
        step_name=clean_name(step.name) if step else None,
        exit_code=informative_exit_code(step) if step else None,
        error=clean_error(failed.error or stage.error),
    )
