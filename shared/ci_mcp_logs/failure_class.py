"""The classes of failures, and what an exit code or a name tells of one. Pure, and for any CI system."""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple, get_args

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
