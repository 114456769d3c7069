"""Describes what failed in a build, in a sentence and as data. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drone_mcp_build.failed_steps import FailedStep, Part, failures_that_count
from drone_mcp_builds.formatting import clean_error, clean_name, name_stage, name_step
from drone_mcp_builds.views import FirstFailure
from drone_mcp_client import status

if TYPE_CHECKING:
    from drone_mcp_client.models import Build, Step


def find_notable_failures(build: Build) -> list[FailedStep]:
    """Return what went wrong, in causal order.

    What a stop killed is no failure of its own. Where the build failed although nothing that counts did, the stages
    whose failures are ignored are all there is to name.
    """
    found = [failed for failed in failures_that_count(build) if failed.part is not Part.STOPPED]
    if found or build.status not in {"failure", "error"}:
        return found
    return [FailedStep(stage, None, Part.IGNORED) for stage in build.stages if status.is_failure(stage.status)]


def describe_failure(failed: FailedStep) -> str:
    """Say in a sentence what failed and how."""
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

    It is always 255 of an internal error, and 130 or 137 of a stopped step; 78 is a success that ends the stage
    (drone/runner-go, pipeline/state.go).
    """
    return step.exit_code if step.exit_code and step.status in {"failure", "success"} else None


def view_first_failure(build: Build) -> FirstFailure | None:
    """Return the view of what failed first."""
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
