"""Finds the services that a failed step could not connect to.

Drone reports a service or a detached step as `success`, whatever it exited with (drone/runner-go,
pipeline/runtime/execer.go), so that a database which died is no failure of the build: only its log tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_logs.diagnosis.connections import lacks_connection
from drone_mcp_build.failed_steps import StepRef

if TYPE_CHECKING:
    from ci_mcp_logs.distill import Excerpt
    from ci_mcp_logs.log_text import LogText
    from drone_mcp_build.failed_steps import FailedStep

MOST_SERVICES: Final = 3  # whose logs are read, each with a request
_SHOWN = 8  # last lines of a service
_READ = 400  # last lines of a failed step


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
