"""Says what a diagnosis of a build of Drone found. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_kit.cleaning import one_line
from ci_mcp_logs.diagnosis.advice import Words, advise
from ci_mcp_logs.diagnosis.parts import Part
from drone_mcp_client.status import is_final
from drone_mcp_logs.common.views import PRINT_LESS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_mcp_logs.diagnosis.answer import Case
    from ci_mcp_logs.diagnosis.verdicts import Verdict
    from drone_mcp_client.models import Build
    from drone_mcp_logs.diagnose.target_branch import OnTarget

SERVICE: Final = "a service or detached step next to it, which Drone calls success whatever it exited with"
_WORDS: Final = Words(
    read="drone_get_build_logs with stage, step and around",
    read_end="drone_get_build_logs",
    search="drone_search_build_logs",
    pipeline_file=".drone.yml",
    machines="runners",
    approver="an administrator of the repository",
)
_ON_SERVICES: Final = (
    "Read the last lines of the services: one that ended or never got ready explains the failed connection. "
    "drone_get_build_logs with its stage and step shows more"
)
_ON_TARGET: Final = (
    "It failed on its target branch before this change (drone_find_regression: since when): fix it there or wait for "
    "that. "
)


def propose(verdict: Verdict, cases: Sequence[Case], on_target: OnTarget) -> str:
    """Propose the next step; "" if nothing failed."""
    text = advise(verdict, cases, _WORDS)
    if any(case.service for case in cases):
        text = _ON_SERVICES
    first = next((case for case in cases if case.counts), None)
    if first and first.text and first.text.head_lost:
        text = f"{text}. If the lines do not name the cause, {PRINT_LESS}"
    return _ON_TARGET + text if text and on_target.answer == "yes" else text


def tell(build: Build, verdict: Verdict, cases: Sequence[Case], not_read: int) -> str:
    """Describe in a sentence what happened."""
    first = next((case for case in cases if case.counts), None)
    if first is None:
        if why := "; ".join(verdict.evidence):
            return why
        ignored = "; failures of some steps are ignored" if cases else ""
        if is_final(build.status):
            return f"nothing failed{ignored}"
        running = [step.name for stage in build.stages for step in stage.steps if step.status == "running"]
        return f"nothing has failed so far{ignored}" + (f"; running: {', '.join(running[:5])}" if running else "")
    if first.part is Part.STOPPED:
        return f"the build was stopped while {first.label} ran"
    exit_code = f", exit {first.exit_code}" if first.exit_code else ""
    count = sum(case.counts for case in cases) + not_read - 1
    more = f"; {count} more failed" if count else ""
    so_far = "" if is_final(build.status) else f"; the build is still {one_line(build.status, 30)}"
    return f"{first.label} failed first{exit_code}{more}{so_far}"
