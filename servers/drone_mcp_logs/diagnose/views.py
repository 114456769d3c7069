"""The answer of `drone_diagnose_build`. What comes from a log stands between marks, or in quotes where it is a name."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ci_mcp_logs.answers import Texts, joined, quoted, titled
from drone_mcp_logs.common.views import LOST_HEAD, BuildView, StepView


class FailureView(StepView):
    """A failed step, or a stage that failed without one."""

    step: int | None = None  # type: ignore[assignment]  # a stage can fail before its first step
    role: str
    kind: str = ""
    confidence: str = ""
    evidence: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    shown: Annotated[int | None, Field(description="lines")] = None
    total_lines: int | None = None
    head_lost: bool | None = None
    log: str = ""

    @property
    def heading(self) -> str:
        """The failure in a line."""
        numbers = f"stage {self.stage}" if self.step is None else f"{self.stage}/{self.step}"
        exit_code = f", exit {self.exit_code}" if self.exit_code else ""
        return f"{f'{numbers} {self.name}'.strip()}: {self.status}{exit_code}; {self.role}"

    def as_lines(self) -> list[str]:
        """Return the text of this part."""
        because = f": {'; '.join(self.evidence)}" if self.evidence else ""
        kind = f"{self.kind} ({self.confidence} confidence){because}" if self.kind else ""
        lost = f"; {LOST_HEAD}" if self.head_lost else ""
        extent = "" if self.total_lines is None else f"{self.shown} of {self.total_lines} lines shown{lost}."
        rows = [f"{self.heading}. {extent}".strip(), kind, self.note]
        rows += [quoted("failed tests", self.tests), quoted("places", self.places), self.log]
        return [row for row in rows if row]


class DiagnosisView(BuildView):
    """Why a build failed."""

    summary: str
    kind: str = ""
    confidence: str = ""
    on_target: str = ""
    signature: str = ""
    failures: tuple[FailureView, ...] = ()
    more_failures: Texts = ()
    not_run: Texts = ()
    next_step: str = ""

    def as_text(self) -> str:
        """Return the answer for reading."""
        kind = f" Class: {self.kind} ({self.confidence} confidence)." if self.kind else ""
        parts = [f"On the target branch: {self.on_target}." if self.on_target else ""]
        parts += [line for failure in self.failures for line in failure.as_lines()]
        others = [*titled("More failures", self.more_failures), *titled("Not run because of it", self.not_run)]
        others += [f"Signature: {self.signature}"] if self.signature else []
        return joined(f"{self.heading}. {self.summary}.{kind}", parts, others, self.next_step)
