"""The class of a failure as far as Drone itself tells it: by status, error, exit code, and last by a name. Pure.

One table for all servers: what a diagnosis calls infrastructure, a policy retries as that.
"""

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


class Told(NamedTuple):
    """A class, how sure it is, and why where that is not plain from what was asked."""

    kind: FailureClass
    confidence: Confidence
    why: str = ""


# What runners and Drone itself say of a stage or step that they could not run; the first that fits counts.
_ERRORS: Final = (
    (
        r"yaml|linter|untrusted|unmarshal|unknown (?:field|kind)|duplicate|cyclic|secret|convert",
        Told("configuration", "high"),
    ),
    (r"invalid (?:pipeline|config|volume)|no matching platform", Told("configuration", "high")),
    (
        r"manifest|pull access|repository does not exist|invalid reference|no such image",
        Told("configuration", "medium"),
    ),
    (r"ImagePull|ErrImage|executable file|no such file or directory", Told("configuration", "medium")),
    (r"OOM|out of memory", Told("out_of_memory", "high")),
    (r"deadline|timed? ?out|timeout", Told("timeout", "medium")),
    (
        r"no space|toomany|rate limit|dial tcp|connection|no such host|daemon|EOF|TLS",
        Told("infrastructure", "high"),
    ),
    (r"certificate|unauthorized|network|evicted|node", Told("infrastructure", "high")),
)
# 124 and 126-127 are those of the shell and of coreutils' timeout, above 128 stand signals.
_EXITS: Final = {
    124: Told("timeout", "high", "exit code 124: the command ran into `timeout`"),
    126: Told("configuration", "medium", "exit code 126: a command cannot be executed"),
    127: Told("configuration", "high", "exit code 127: a command was not found"),
    130: Told("cancelled", "medium", "exit code 130: interrupted (SIGINT)"),
    137: Told("out_of_memory", "medium", "exit code 137: killed (SIGKILL), as happens at the memory limit"),
    143: Told("cancelled", "medium", "exit code 143: terminated (SIGTERM)"),
}
_NAMES: Final = (
    (r"lint|format|style|static", Told("lint", "low")),
    (r"test|spec|check|e2e", Told("test", "low")),
    (r"compile|build|make", Told("compile", "low")),
    (r"deps|depend|install|restore", Told("dependency", "low")),
    (r"clone", Told("infrastructure", "low")),
)


def by_error(error: str) -> Told:
    """What the runner's error says; one that nothing is known of is the runner's own trouble."""
    return _first(_ERRORS, error) or Told("infrastructure", "medium")


def by_exit_code(code: int) -> Told | None:
    """What an exit code says; most say nothing."""
    return _EXITS.get(code)


def by_name(name: str) -> Told | None:
    """What the name of a step or stage suggests."""
    return _first(_NAMES, name)


def by_ending(status: str, exit_code: int, error: str) -> Told | None:
    """What Drone is sure of about a step or stage that did not succeed; None where only its log or name can tell."""
    if status == "killed":
        return Told("cancelled", "medium", "it was killed from outside; Drone does not tell by whom")
    if error or status == "error":
        return by_error(error)
    return by_exit_code(exit_code)


def _first(table: tuple[tuple[str, Told], ...], text: str) -> Told | None:
    return next((told for pattern, told in table if re.search(pattern, text, re.IGNORECASE)), None)
