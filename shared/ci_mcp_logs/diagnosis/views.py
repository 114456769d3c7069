"""The answer of a diagnosis. What comes from a log stands between marks, or in quotes where it is a name."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ci_mcp_kit.answer import View
from ci_mcp_logs.answers import Texts, joined, quoted, titled


class FailureFields(View):
    """A failed step and its evidence; a system's own view adds what names the step."""

    name: str = ""
    status: str = ""
    exit_code: int | None = None
    note: str = ""
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
    def label(self) -> str:
        """What names the step."""
        return self.name

    @property
    def lost_part(self) -> str:
        """What is said of a log that has lost its beginning."""
        return "the beginning is lost"

    @property
    def heading(self) -> str:
        """The failure in a line."""
        exit_code = f", exit {self.exit_code}" if self.exit_code else ""
        return f"{self.label}: {self.status}{exit_code}; {self.role}"

    def as_lines(self) -> list[str]:
        """Return the text of this part."""
        because = f": {'; '.join(self.evidence)}" if self.evidence else ""
        kind = f"{self.kind} ({self.confidence} confidence){because}" if self.kind else ""
        lost = f"; {self.lost_part}" if self.head_lost else ""
        extent = "" if self.total_lines is None else f"{self.shown} of {self.total_lines} lines shown{lost}."
        rows = [f"{self.heading}. {extent}".strip(), kind, self.note]
        rows += [quoted("failed tests", self.tests), quoted("places", self.places), self.log]
        return [row for row in rows if row]


class DiagnosisFields(View):
    """Why a build failed; a system's own view adds what names the build."""

    summary: str
    kind: str = ""
    confidence: str = ""
    signature: str = ""
    failures: tuple[FailureFields, ...] = ()
    more_failures: Texts = ()
    not_run: Texts = ()
    next_step: str = ""

    @property
    def heading(self) -> str:
        """The build in a line."""
        return ""

    @property
    def history(self) -> str:
        """How other builds stand, in a sentence."""
        return ""

    def as_text(self) -> str:
        """Return the answer for reading."""
        kind = f" Class: {self.kind} ({self.confidence} confidence)." if self.kind else ""
        parts = [self.history, *(line for failure in self.failures for line in failure.as_lines())]
        others = [*titled("More failures", self.more_failures), *titled("Not run because of it", self.not_run)]
        others += [f"Signature: {self.signature}"] if self.signature else []
        return joined(f"{self.heading}. {self.summary}.{kind}", parts, others, self.next_step)
