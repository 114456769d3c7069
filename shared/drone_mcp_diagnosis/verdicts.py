"""Judges the class of a failure of Drone, with evidence and confidence. Pure rules, the surest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_logs.diagnosis.verdicts import HIGH, NOTHING, UNKNOWN, Verdict, judge_log, weigh
from drone_mcp_build.failed_steps import StepRef
from drone_mcp_build.failure_class import judge
from drone_mcp_client.status import blocked_stages, failed_at_trigger
from drone_mcp_diagnosis.steps import ERROR

if TYPE_CHECKING:
    from ci_mcp_logs.distill import Excerpt
    from ci_mcp_logs.log_text import LogText
    from drone_mcp_build.failed_steps import FailedStep
    from drone_mcp_client.models import Build


def verdict_of(failed: FailedStep, text: LogText | None, found: Excerpt | None, limit: int = 0) -> Verdict:
    """Judge a failure by Drone's data, then by its log; `limit` is the repository's in seconds, 0 where unknown."""
    log = UNKNOWN
    if text and found:
        image = failed.step.image if failed.step else ""
        services = bool(services_of_stage(failed))
        log = judge_log(text, found, failed.exit_code, image=image, has_services=services)
    sure = judge(failed, limit)
    if sure is None:
        return weigh(None, log, [failed.own_name])
    # The answer shows the error itself elsewhere.
    by_runner = "the runner's error" if failed.error else "the runner could not run it"
    ended = Verdict(sure.kind, sure.confidence, (sure.why or by_runner,))
    # What Drone and the runner have recorded outweighs any text that the step printed.
    if failed.status in {"killed", "error"} or failed.error:
        return ended
    return weigh(ended, log, [failed.own_name])


def verdict_of_build(build: Build) -> Verdict:
    """Judge a build in which no stage and no step failed."""
    if held := blocked_stages(build):
        return Verdict("approval", HIGH, (f"{len(held)} of its stages wait for approval",))
    if build.status == "declined":
        return Verdict("approval", HIGH, ("it was refused approval",))
    if failed_at_trigger(build):
        return Verdict("configuration", HIGH, (f"Drone could not start it: {one_line(build.error, ERROR)}",))
    if build.status in {"killed", "skipped"}:
        return Verdict("cancelled", HIGH, (f"the build was {build.status} before anything failed",))
    return UNKNOWN if build.status in {"failure", "error"} else NOTHING


def services_of_stage(failed: FailedStep) -> list[StepRef]:
    """Return the services and detached steps of the step's stage that have run.

    Drone reports them as `success`, whatever they exited with (drone/runner-go, pipeline/runtime/execer.go), so that a
    database which died is no failure of the build: only its log shows it.
    """
    refs = (StepRef(failed.stage, step) for step in failed.stage.steps if step.detached and step != failed.step)
    return [ref for ref in refs if not ref.never_ran]
