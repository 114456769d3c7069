"""The answer of `drone_get_build_logs`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ci_mcp_logs.answer_text import Texts, joined, titled
from drone_mcp_diagnosis.views import LOST_HEAD, BuildView, StepView


class StepLogView(StepView):
    """A part of a log."""

    first_line: int | None = None
    last_line: int | None = None
    total_lines: int | None = None
    bytes: int | None = None
    truncated: bool | None = None
    head_lost: bool | None = None
    running: bool | None = None
    end: bool | None = None
    cursor: Annotated[str, Field(description="lines after")] = ""
    cursor_back: Annotated[str, Field(description="lines before")] = ""
    log: str = ""

    @property
    def extent(self) -> str:
        """Which part of the log this is, in a sentence."""
        if self.total_lines is None:
            return ""
        size = f"{self.total_lines} ({self.bytes} bytes{' so far' if self.running else ''})"
        lost = f"; {LOST_HEAD}" if self.head_lost and not self.running else ""
        if self.first_line is None:
            return f"No lines shown of {size}{lost}."
        return f"Lines {self.first_line}-{self.last_line} of {size}{lost}."

    def as_lines(self) -> list[str]:
        """Return the text of this part."""
        rows = [f"{self.heading}. {self.extent}".strip(), self.note, self.log]
        rows += [f"lines before: cursor={self.cursor_back}" if self.cursor_back else ""]
        rows += [f"{'lines to come' if self.running else 'lines after'}: cursor={self.cursor}" if self.cursor else ""]
        return [row for row in rows if row]


class BuildLogsView(BuildView):
    """Parts of the logs of a build's steps."""

    summary: str = ""
    logs: tuple[StepLogView, ...] = ()
    steps: Texts = ()
    next_step: str = ""

    def as_text(self) -> str:
        """Return the answer for reading."""
        head = f"{self.heading}. {self.summary}" if self.summary else self.heading
        parts = [line for log in self.logs for line in log.as_lines()]
        return joined(head, parts, titled("Other steps" if self.logs else "Steps", self.steps), self.next_step)
