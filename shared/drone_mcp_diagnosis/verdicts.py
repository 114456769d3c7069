"""Judges the class of a failure, with evidence and confidence. Pure rules, the surest first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ci_mcp_kit.cleaning import one_line
from drone_mcp_build import failure_class
from drone_mcp_client.status import blocked_stages, failed_at_trigger
from drone_mcp_diagnosis.services import lacks_connection, lacks_local_connection, services_beside
from drone_mcp_diagnosis.steps import ERROR

if TYPE_CHECKING:
    from ci_mcp_logs.distill import Excerpt
    from ci_mcp_logs.log_text import LogText
    from drone_mcp_build.failed_steps import FailedStep
    from drone_mcp_client.models import Build

HIGH, MEDIUM, LOW = "high", "medium", "low"
_OF_PEERS = frozenset({"infrastructure", "timeout"})  # classes that blame whatever the step talks to
_REASONS = 2  # that a verdict quotes from the log
_SIGNS = {"report": "message", "summary": "summary", "code": "error code", "hint": "general wording"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A class of failure, one of `failure_class.CLASSES`; "" where nothing failed."""

    kind: str = "unknown"
    confidence: str = LOW
    evidence: tuple[str, ...] = ()


UNKNOWN = Verdict(evidence=("neither status, exit code, error nor log tell a class",))
NOTHING = Verdict("", "")


def verdict_of(failed: FailedStep, text: LogText | None, found: Excerpt | None, limit: int = 0) -> Verdict:
    """Judge a failure by Drone's data, then by its log; `limit` is the repository's in seconds, 0 where unknown."""
    log = _of_log(failed, text, found) if text and found else UNKNOWN
    sure = failure_class.judge(failed, limit)
    if sure is None:
        return _of_name(failed) if log == UNKNOWN else log
    # The answer shows the error itself elsewhere.
    by_runner = "the runner's error" if failed.error else "the runner could not run it"
    ended = Verdict(sure.kind, sure.confidence, (sure.why or by_runner,))
    # What Drone and the runner have recorded outweighs any text that the step printed.
    if failed.status in {"killed", "error"} or failed.error:
        return ended
    if log.kind == ended.kind:
        return Verdict(log.kind, HIGH, ended.evidence + log.evidence)
    # A watchdog inside the step ends it with 130 or 143 as well, and then the log names the time limit.
    if ended.kind == "cancelled" and log.kind == "timeout":
        return replace(log, evidence=ended.evidence + log.evidence)
    return ended


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


def _of_log(failed: FailedStep, text: LogText, found: Excerpt) -> Verdict:
    """Judge by the lines of the log, and by the commands and the image that ran."""
    from ci_mcp_logs.failure_signs import (  # noqa: PLC0415 - on first use, to start fast
        commands_before,
        judge_lines,
        witnesses_of,
    )

    commands = [*commands_before(text, found), *([failed.step.image] if failed.step and failed.step.image else ())]
    judged = judge_lines(witnesses_of(text, found), commands=commands, exit_code=failed.exit_code)
    if judged.kind == "unknown":
        return UNKNOWN
    why = tuple(
        f"{reason.sign.tool}: {_SIGNS[reason.sign.role]} (line {reason.line + text.first - 1})"
        for reason in judged.reasons[:_REASONS]
    ) or ("only the command that it ran tells",)
    lines = [line.text for line in found.lines]
    # One of its own services may have died, which is hardly a fault of the network.
    if judged.kind in _OF_PEERS and lacks_connection(lines) and services_beside(failed):
        return Verdict(judged.kind, LOW, (*why, "it could not connect, and services ran beside it"))
    # What the log has lost may hold an earlier failure, of which the rest is a consequence; and what does not answer on
    # the same machine was often never started.
    doubtful = text.head_lost or (judged.kind in _OF_PEERS and lacks_local_connection(lines))
    return Verdict(judged.kind, MEDIUM if doubtful and judged.confidence == HIGH else judged.confidence, why)


def _of_name(failed: FailedStep) -> Verdict:
    """Guess by the name of the step, where the log gives no evidence."""
    name = failed.own_name
    guess = failure_class.judge_name(name)
    return Verdict(guess.kind, guess.confidence, (f"only its name {one_line(name, 60)!r} tells",)) if guess else UNKNOWN
