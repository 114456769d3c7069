"""Says in a sentence how a build of Drone failed. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_kit.cleaning import one_line
from ci_mcp_logs.diagnosis.parts import Part
from drone_mcp_client.status import is_final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_mcp_logs.diagnosis.answer import Case
    from ci_mcp_logs.diagnosis.verdicts import Verdict
    from drone_mcp_client.models import Build

SERVICE: Final = "a service or detached step next to it, which Drone calls success whatever it exited with"


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
