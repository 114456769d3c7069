"""What failed, in a sentence and as data. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drone_mcp_builds import words
from drone_mcp_builds.views import FirstFailure
from drone_mcp_client import status

if TYPE_CHECKING:
    from drone_mcp_client.models import Build, Stage, Step


def counting(build: Build) -> list[status.Failure]:
    """What went wrong, earliest first.

    In a build that was stopped, what the stop killed is no failure of its own. Where the build failed although
    nothing that counts did, what was to be ignored is all there is to name.
    """
    found = [failure for failure in status.failures(build) if build.status != "killed" or not _is_killed(failure)]
    if found or build.status not in {"failure", "error"}:
        return found
    return [status.Failure(stage, None) for stage in build.stages if status.is_failure(stage.status)]


def _is_killed(failure: status.Failure) -> bool:
    return (failure.step or failure.stage).status == "killed"


def told(failure: status.Failure) -> str:
    """Say in a sentence what failed and how."""
    if failure.step is None:
        return _stage_told(failure.stage)
    called = words.step_called(failure.step, failure.stage)
    error = f": {words.said(failure.step.error)}" if failure.step.error else ""
    if failure.step.status == "killed":
        return f"{called} was killed{error}"
    if failure.step.status == "error":
        return f"{called} could not be run{error}"
    code = failure.step.exit_code
    return (f"{called} exited with {code}" if code else f"{called} failed") + error


def _stage_told(stage: Stage) -> str:
    error = f": {words.said(stage.error)}" if stage.error else ""
    verb = "was killed" if stage.status == "killed" else "failed without a failed step"
    return f"{words.stage_called(stage)} {verb}{error}"


def telling_exit_code(step: Step) -> int | None:
    """The exit code, where it says more than the status does.

    Of an internal error it is always 255 and of a stopped step 130 or 137; 78 is a success that ends the stage
    (Drone's runners, pipeline/state.go).
    """
    return step.exit_code if step.exit_code and step.status in {"failure", "success"} else None


def view(build: Build) -> FirstFailure | None:
    """What failed first, as data."""
    found = next(iter(counting(build)), None)
    if found is None:
        return None
    stage, step = found.stage, found.step
    if step is None:
        return FirstFailure(stage=stage.number, stage_name=words.name(stage.name), error=words.said(stage.error))
    return FirstFailure(
        stage=stage.number,
        stage_name=words.name(stage.name),
        step=step.number,
        step_name=words.name(step.name),
        exit_code=telling_exit_code(step),
        error=words.said(step.error or stage.error),
    )
