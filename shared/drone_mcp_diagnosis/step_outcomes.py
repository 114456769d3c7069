"""Finds the steps of a build that passed or failed by themselves. Pure.

Only such a run is evidence: not one that was skipped or did not end, and not one whose stage was stopped, as then it is
not the step that failed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drone_mcp_client.status import is_failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drone_mcp_client.models import Build, Stage, Step

_STOPPED = frozenset({130, 143})  # 128 + SIGINT and 128 + SIGTERM: interrupted and terminated from outside


@dataclass(frozen=True, slots=True)
class StepRun:
    """How a step ended in one build; `ignored` if its failure does not count there."""

    build: Build
    passed: bool
    exit_code: int
    ignored: bool


def runs_of(build: Build) -> Iterator[tuple[tuple[str, str], StepRun]]:
    """Yield the runs of a build that are evidence, each with the names of its stage and step."""
    found: dict[tuple[str, str], StepRun] = {}
    for stage in build.stages:
        for step in stage.steps:
            passed = _passed(build, stage, step)
            name = stage.name, step.name
            if passed is not None and (name not in found or found[name].passed):  # of namesakes, one that failed
                found[name] = StepRun(build, passed, step.exit_code, step.errignore)
    yield from found.items()


def _passed(build: Build, stage: Stage, step: Step) -> bool | None:
    """Return whether a step passed; None where its end is no evidence."""
    if step.status == "success":
        return True
    stopped = "killed" in {build.status, stage.status} or (step.exit_code in _STOPPED and not step.error)
    if step.status == "killed" or not is_failure(step.status) or stopped:
        return None
    return False
