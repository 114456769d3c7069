"""Finds what did not run because of a failure. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_kit.cleaning import one_line
from drone_mcp_build.failed_steps import NAME_WIDTH, StepRef
from drone_mcp_client.status import is_failure

if TYPE_CHECKING:
    from drone_mcp_client.models import Build, Stage


def not_run_because_of_failures(build: Build) -> list[str]:
    """Return labels of the later steps of each failed stage, and of the stages that depend on it."""
    broken = {stage.name for stage in build.stages if is_failure(stage.status)}
    return [line for stage in build.stages for line in _not_run(stage, broken)]


def _not_run(stage: Stage, broken: set[str]) -> list[str]:
    if stage.status == "skipped" and broken.intersection(stage.depends_on):
        broken.add(stage.name)
        return [f"stage {stage.number} {one_line(stage.name, NAME_WIDTH)}"]
    failed = [step.number for step in stage.steps if is_failure(step.status) and not step.errignore]
    if not failed:
        return []
    later = (step for step in stage.steps if step.number > min(failed))
    return [StepRef(stage, step).label for step in later if step.status == "skipped"]
