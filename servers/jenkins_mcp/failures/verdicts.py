"""Judges the class of a failure of Jenkins, with evidence and confidence. Pure rules, the surest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_logs.diagnosis.verdicts import (
    HIGH,
    MEDIUM,
    NOTHING,
    UNKNOWN,
    Judgement,
    Part,
    Verdict,
    first_match,
    judge_exit_code,
    judge_log,
    weigh,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_mcp_logs.distill import Excerpt
    from ci_mcp_logs.log_text import LogText
    from jenkins_mcp.client.models.builds import Build
    from jenkins_mcp.client.models.reports import Stage
    from jenkins_mcp.failures.failed_steps import FailedStep

_REASON: Final = 120  # characters of why a build was stopped
# The causes of interruption. The `timeout` step: jenkinsci/workflow-basic-steps-plugin,
# TimeoutStepExecution.ExceededTimeout; a question that was declined: jenkinsci/pipeline-input-step-plugin, Rejection; a
# lost agent: jenkinsci/workflow-durable-task-step-plugin, ExecutorStepExecution.RemovedNodeCause.
_STOPS: Final = (
    (r"time(?:d ?)?\s?out", Judgement("timeout", "high")),
    (r"^rejected by", Judgement("approval", "high")),
    (r"agent was removed|node is being removed", Judgement("infrastructure", "high")),
)
# What jenkinsci/durable-task-plugin, BourneShellScript.java, records for a script that it has lost.
_LOST: Final = {
    -1: "exit code -1: Jenkins lost the script, as when its machine was restarted",
    -2: "exit code -2: the script never started on its machine",
}


def verdict_of(
    build: Build, failed: FailedStep, text: LogText | None, found: Excerpt | None, failed_tests: int = 0
) -> Verdict:
    """Judge a failure by what Jenkins records, by the test report, then by its log.

    Args:
        build: that failed.
        failed: the failure.
        text: its log, if it has one.
        found: the evidence in the log.
        failed_tests: the number of failed tests in the report, where the failure may be due to them.
    """
    if failed.part is Part.STOPPED:
        return verdict_of_stop(build, failed.error)
    log = judge_log(text, found, failed.exit_code) if text and found else UNKNOWN
    if failed_tests and (log.kind in {"test", "unknown"} or build.result == "UNSTABLE"):
        reported = (f"{failed_tests} failed test{'s' * (failed_tests > 1)} in the test report",)
        return Verdict("test", HIGH, reported + (log.evidence if log.kind == "test" else ()))
    names = [part.name for part in (failed.step, failed.stage) if part]
    judged = judge_exit_code(failed.exit_code)
    by_code = Verdict(judged.kind, judged.confidence, (judged.why,)) if judged else None
    if failed.exit_code in _LOST:
        by_code = Verdict("infrastructure", MEDIUM, (_LOST[failed.exit_code],))
    return weigh(by_code, log, names)


def verdict_of_stop(build: Build, error: str = "") -> Verdict:
    """Judge a failure that a stop caused, by the reasons that Jenkins gives for it."""
    reasons = [one_line(cause.short_description, _REASON) for cause in build.interruptions()]
    why = reasons or ([one_line(error, _REASON)] if error else [])
    for reason in why:
        if judged := first_match(_STOPS, reason):
            return Verdict(judged.kind, judged.confidence, (reason,))
    return Verdict("cancelled", HIGH if reasons else MEDIUM, tuple(why) or ("it was stopped before its end",))


def verdict_of_build(build: Build, stages: Sequence[Stage]) -> Verdict:
    """Judge a build in which nothing failed."""
    if waiting := [stage for stage in stages if stage.status == "PAUSED_PENDING_INPUT"]:
        return Verdict("approval", HIGH, (f"stage {one_line(waiting[0].name, _REASON)} waits for a person",))
    if not build.is_over or build.result == "SUCCESS":
        return NOTHING
    if build.result in {"ABORTED", "NOT_BUILT"}:
        return verdict_of_stop(build)
    return UNKNOWN
