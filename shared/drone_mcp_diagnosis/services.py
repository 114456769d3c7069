"""Finds the services that a failed step could not connect to.

Drone reports a service or a detached step as `success`, whatever it exited with (drone/runner-go,
pipeline/runtime/execer.go), so that a database which died is no failure of the build: only its log tells.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from drone_mcp_build.failed_steps import StepRef

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_mcp_logs.distill import Excerpt
    from ci_mcp_logs.log_text import LogText
    from drone_mcp_build.failed_steps import FailedStep

MOST_SERVICES: Final = 3  # whose logs are read, each with a request
_SHOWN = 8  # last lines of a service
_READ = 400  # last lines of a failed step
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


def lacks_connection(lines: Iterable[str]) -> bool:
    """Return whether a line says that something cannot be reached."""
    return any(map(_NO_CONNECTION.search, lines))


def lacks_local_connection(lines: Iterable[str]) -> bool:
    """Return whether a line says that something on the same machine cannot be reached."""
    return any(_NO_CONNECTION.search(line) and _LOCAL.search(line) for line in lines)


def services_to_read(failed: FailedStep, text: LogText | None) -> list[StepRef]:
    """Return the services of the step's stage if the step seems to have failed to connect."""
    if text is None or not lacks_connection(text.lines[-_READ:]):
        return []
    return services_beside(failed)[:MOST_SERVICES]


def services_beside(failed: FailedStep) -> list[StepRef]:
    """Return the services and detached steps of the step's stage that have run."""
    refs = (StepRef(failed.stage, step) for step in failed.stage.steps if step.detached and step != failed.step)
    return [ref for ref in refs if not ref.never_ran]


def last_lines(text: LogText) -> Excerpt:
    """Return the last lines of a service's log; the later a line, the more weight it has."""
    from ci_mcp_logs.distill import Block, Excerpt, ExcerptLine  # noqa: PLC0415 - on first use, to start fast

    numbers = [number for number, line in enumerate(text.lines, 1) if line.strip()][-_SHOWN:]
    blocks = (
        Block(number, number, "last lines", (ExcerptLine(number, text.lines[number - 1]),), rank)
        for rank, number in enumerate(numbers, 1)
    )
    return Excerpt(tuple(blocks), len(text.lines), 0)
