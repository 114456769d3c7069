"""Judges the class of a failure by its log, its exit code and its name, with evidence and confidence. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.cleaning import one_line
from ci_mcp_logs.diagnosis.connections import lacks_connection, lacks_local_connection
from ci_mcp_logs.failure_class import judge_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_mcp_logs.distill import Excerpt
    from ci_mcp_logs.log_text import LogText

HIGH, MEDIUM, LOW = "high", "medium", "low"
JUDGED: Final = 1000
"""Tokens of evidence by which a failure is judged, even if the answer shows fewer."""

_OF_PEERS = frozenset({"infrastructure", "timeout"})  # classes that blame whatever the step talks to
_REASONS = 2  # that a verdict quotes from the log
_SIGNS = {"report": "message", "summary": "summary", "code": "error code", "hint": "general wording"}
_NAME = 60  # characters


@dataclass(frozen=True, slots=True)
class Verdict:
    """A class of failure, one of `failure_class.CLASSES`; "" where nothing failed."""

    kind: str = "unknown"
    confidence: str = LOW
    evidence: tuple[str, ...] = ()


UNKNOWN: Final = Verdict(evidence=("neither status, exit code, error nor log tell a class",))
NOTHING: Final = Verdict("", "")


def judge_log(text: LogText, found: Excerpt, exit_code: int, *, image: str = "", has_services: bool = False) -> Verdict:
    """Judge by the lines of a log, and by the commands and the image that ran.

    Args:
        text: the log.
        found: its evidence.
        exit_code: of the step; 0 where it is not known.
        image: that the step ran in.
        has_services: whether services ran beside the step.
    """
    from ci_mcp_logs.failure_signs import (  # noqa: PLC0415 - on first use, to start fast
        commands_before,
        judge_lines,
        witnesses_of,
    )

    commands = [*commands_before(text, found), *([image] if image else ())]
    judged = judge_lines(witnesses_of(text, found), commands=commands, exit_code=exit_code)
    if judged.kind == "unknown":
        return UNKNOWN
    why = tuple(
        f"{reason.sign.tool}: {_SIGNS[reason.sign.role]} (line {reason.line + text.first - 1})"
        for reason in judged.reasons[:_REASONS]
    ) or ("only the command that it ran tells",)
    lines = [line.text for line in found.lines]
    # One of its own services may have died, which is hardly a fault of the network.
    if judged.kind in _OF_PEERS and has_services and lacks_connection(lines):
        return Verdict(judged.kind, LOW, (*why, "it could not connect, and services ran beside it"))
    # What the log has lost may hold an earlier failure, of which the rest is a consequence; and what does not answer on
    # the same machine was often never started.
    doubtful = text.head_lost or (judged.kind in _OF_PEERS and lacks_local_connection(lines))
    return Verdict(judged.kind, MEDIUM if doubtful and judged.confidence == HIGH else judged.confidence, why)


def guess_by_name(names: Sequence[str]) -> Verdict:
    """Guess by the names of a step and its stage, the first that tells, where the log gives no evidence."""
    for name in names:
        if guess := judge_name(name):
            return Verdict(guess.kind, guess.confidence, (f"only its name {one_line(name, _NAME)!r} tells",))
    return UNKNOWN


def weigh(ended: Verdict | None, log: Verdict, names: Sequence[str]) -> Verdict:
    """Return the verdict on a step that ended by itself.

    Args:
        ended: what its exit code or error tells; None where that tells nothing.
        log: what its log tells.
        names: of the step and its stage.
    """
    if ended is None:
        return guess_by_name(names) if log == UNKNOWN else log
    if log.kind == ended.kind:
        return Verdict(log.kind, HIGH, ended.evidence + log.evidence)
    # A watchdog inside the step ends it with 130 or 143 as well, and then the log names the time limit.
    if ended.kind == "cancelled" and log.kind == "timeout":
        return replace(log, evidence=ended.evidence + log.evidence)
    return ended
