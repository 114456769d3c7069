"""Selects the steps whose logs to show if none is named, and describes the others. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_mcp_kit.outgoing_text import one_line
from drone_mcp_client.status import is_failure, is_final
from drone_mcp_diagnosis.steps import ERROR, failed_first, standing, standings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drone_mcp_build.failed_steps import StepRef
    from drone_mcp_client.models import Build

_TOKENS_A_STEP = 250  # below it a failed step's end says too little
_MOST_STEPS = 10  # each costs a request

IF_CUT = "drone_search_build_logs finds a line; cursor reads on"
NAME_A_STEP = "name stage and step to read one of these"
NO_STEPS = "there is nothing to read: look at the build itself for what it waits for or why it did not start"


@dataclass(frozen=True, slots=True)
class StepSelection:
    """The steps to read, and what to say of the others."""

    read: tuple[StepRef, ...]
    summary: str = ""
    steps: tuple[str, ...] = ()
    next_step: str = ""
    if_cut: str = IF_CUT


def plan_for_step(ref: StepRef) -> StepSelection:
    """Select one step."""
    return StepSelection((ref,))


def plan_for_build(build: Build, chosen: Sequence[StepRef], token_budget: int) -> StepSelection:
    """Select the failed steps among `chosen`, or none with a summary that says so."""
    failed = [ref for ref in failed_first(build, chosen) if ref.failed]
    if not failed:
        running = [ref.label for ref in chosen if ref.step.status == "running"]
        summary = "No step failed" if is_final(build.status) else "No step has failed so far"
        if running:
            summary += f"; running: {', '.join(running[:5])}"
        if build.error:
            summary += f"; the build failed: {one_line(build.error, ERROR)}"
        steps = [standing(ref) for ref in chosen] + _stage_errors(build) if chosen else standings(build)
        return StepSelection((), summary, tuple(steps), NAME_A_STEP if chosen else NO_STEPS)
    most = max(1, min(_MOST_STEPS, token_budget // _TOKENS_A_STEP))
    others = [standing(ref) for ref in failed[most:]]
    others += _stage_errors(build)
    others += [standing(ref) for ref in chosen if ref.step.status == "running"]
    count = "1 step" if len(failed) == 1 else f"{len(failed)} steps"
    return StepSelection(tuple(failed[:most]), f"{count} failed", tuple(others))


def _stage_errors(build: Build) -> list[str]:
    """Name the stages that failed without a failed step: their error is all there is."""
    return [
        f"{stage.number} {one_line(stage.name)}: {stage.status} ({one_line(stage.error, ERROR) or 'no reason given'})"
        for stage in build.stages
        if is_failure(stage.status) and not any(is_failure(step.status) for step in stage.steps)
    ]
