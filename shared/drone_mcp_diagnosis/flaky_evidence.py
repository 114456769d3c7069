"""Describes the runs that show that a step is flaky. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_kit.outgoing_text import one_line

if TYPE_CHECKING:
    from drone_mcp_diagnosis.flaky_steps import Mixed
    from drone_mcp_diagnosis.step_outcomes import StepRun

_SHORT_COMMIT = 10  # hexadecimal digits


def describe_mixed(mixed: Mixed) -> str:
    """Describe the runs on one commit: at most three of each kind, oldest first."""
    failed = [run for run in mixed.runs if not run.passed][:3]
    passed = [run for run in mixed.runs if run.passed][:3]
    shown = sorted((*failed, *passed), key=lambda run: run.build.number)
    more = len(mixed.runs) - len(shown)
    rest = f", {more} more runs" if more else ""
    return f"{one_line(mixed.commit, 64)[:_SHORT_COMMIT]}: {', '.join(map(_describe_run, shown))}{rest}"


def _describe_run(run: StepRun) -> str:
    build = run.build
    ended = "passed" if run.passed else f"failed (exit {run.exit_code})" if run.exit_code else "failed"
    of = f"restart of #{build.parent}" if build.parent else one_line(build.event, 20)
    return f"#{build.number} {ended} ({of})"
