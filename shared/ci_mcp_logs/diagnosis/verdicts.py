"""Judges failures, for any CI system: the part of each in that of its build, and its class, with evidence. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

from ci_mcp_kit.outgoing_text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ci_mcp_logs.distill import Excerpt
    from ci_mcp_logs.log_text import LogText

FailureClass = Literal[
    "test",
    "compile",
    "lint",
    "dependency",
    "infrastructure",
    "out_of_memory",
    "timeout",
    "cancelled",
    "configuration",
    "approval",
    "unknown",
]
CLASSES: Final[tuple[str, ...]] = get_args(FailureClass)

Confidence = Literal["high", "medium", "low"]


class Judgement(NamedTuple):
    """A class, how sure it is, and why where that does not follow from the question."""

    kind: FailureClass
    confidence: Confidence
    why: str = ""


JudgementTable = tuple[tuple[str, Judgement], ...]

# 124 is from coreutils' `timeout`, 126 and 127 are from the shell (POSIX.1-2017, XCU 2.8.2), and a shell reports a
# command that was killed by a signal as 128 plus the signal. 137 is most often the kernel's OOM killer.
_EXITS: Final = {
    124: Judgement("timeout", "medium", "exit code 124: the command ran into `timeout`"),
    126: Judgement("configuration", "medium", "exit code 126: a command cannot be executed"),
    127: Judgement("configuration", "medium", "exit code 127: a command was not found"),
    130: Judgement("cancelled", "medium", "exit code 130: interrupted (SIGINT)"),
    137: Judgement("out_of_memory", "medium", "exit code 137: killed (SIGKILL), as happens at the memory limit"),
    143: Judgement("cancelled", "medium", "exit code 143: terminated (SIGTERM)"),
}
# The first match counts: `lint-tests` is a linter, `test-build` runs tests.
_NAMES: Final = (
    (r"lint|format|style|static", Judgement("lint", "low")),
    (r"test|spec|check|e2e", Judgement("test", "low")),
    (r"compile|build|make", Judgement("compile", "low")),
    (r"deps|depend|install|restore", Judgement("dependency", "low")),
    (r"clone", Judgement("infrastructure", "low")),
)


def judge_exit_code(code: int) -> Judgement | None:
    """Judge by an exit code; most have no meaning."""
    return _EXITS.get(code)


def judge_name(name: str) -> Judgement | None:
    """Judge by the name of a step or stage."""
    return first_match(_NAMES, name)


def first_match(table: JudgementTable, text: str) -> Judgement | None:
    """Return the judgement of the first pattern that occurs in a text, in any case."""
    return next((found for pattern, found in table if re.search(pattern, text, re.IGNORECASE)), None)


NEVER: Final = 1 << 62
"""Sorts a time that is not known behind all that are."""
HIGH, MEDIUM, LOW = "high", "medium", "low"
JUDGED: Final = 1000
"""Tokens of evidence by which a failure is judged, even if the answer shows fewer."""

_OF_PEERS = frozenset({"infrastructure", "timeout"})  # classes that blame whatever the step talks to
_REASONS = 2  # that a verdict quotes from the log
_SIGNS = {"report": "message", "summary": "summary", "code": "error code", "hint": "general wording"}
_NAME = 60  # characters
_NO_CONNECTION = re.compile(
    r"connection (?:refused|reset|closed|timed out|to \S+ (?:failed|refused))|ECONN(?:REFUSED|RESET)"
    r"|ENOTFOUND|EAI_AGAIN"
    r"|(?:could not|couldn't|can't|cannot|can not|unable to|failed to) (?:connect|resolve|reach|establish a connection)"
    r"|no such host|name or service not known|name resolution|unknown ?host|getaddrinfo|no route to host"
    r"|server closed the connection|lost connection|is the server running|communications link failure"
    r"|connect(?:ion)? (?:error|attempt failed)|(?:did not|not) (?:come up|become (?:ready|available|healthy))"
    r"|bad address '|ServerSelectionTimeout|dial tcp",
    re.IGNORECASE,
)
_LOCAL = re.compile(r"\blocalhost\b|\b127\.0\.0\.1\b|\[?::1\b|\b0\.0\.0\.0\b|unix:/", re.IGNORECASE)


class Part(StrEnum):
    """The part that a failure has in the failure of its build."""

    FIRST = "first"
    AFTER = "after"  # it began after the first had ended, so it may be a consequence
    BESIDE = "beside"  # it had begun before the first ended, so it cannot be a consequence
    STOPPED = "stopped"  # it ran when the build was stopped
    IGNORED = "ignored"  # the pipeline ignores failures of it


ROLES: Final = {
    Part.FIRST: "failed first",
    Part.AFTER: "failed after it, maybe because of it",
    Part.BESIDE: "failed in parallel to it",
    Part.STOPPED: "ran when the build was stopped",
    Part.IGNORED: "failed, but failures of it are ignored",
}
"""What an answer says of each part."""


def parts_of(times: Sequence[tuple[int, int]]) -> list[Part]:
    """Return the part of each failure, of which the first ended first; `times` are starts and ends, in any unit."""
    # A time that is equal counts as a possible consequence: CI systems round them.
    return [
        Part.FIRST if index == 0 else Part.AFTER if started >= times[0][1] else Part.BESIDE
        for index, (started, _) in enumerate(times)
    ]


def lacks_connection(lines: Iterable[str]) -> bool:
    """Return whether a line says that something cannot be reached."""
    return any(map(_NO_CONNECTION.search, lines))


def lacks_local_connection(lines: Iterable[str]) -> bool:
    """Return whether a line says that something on the same machine cannot be reached."""
    return any(_NO_CONNECTION.search(line) and _LOCAL.search(line) for line in lines)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A class of failure, one of `CLASSES`; "" where nothing failed."""

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
