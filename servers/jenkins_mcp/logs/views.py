"""The answers about logs and tests. What builds printed stands between marks, or in quotes where it is a name."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ci_mcp_kit.answer import View
from ci_mcp_logs.answer_text import Texts, joined, titled


class OfBuild(View):
    """The name and the status of a build."""

    job: str
    number: int
    result: str = ""
    running: bool | None = None

    @property
    def heading(self) -> str:
        """The build in a line."""
        return f"{self.job} #{self.number}{f' {self.result}' if self.result else ''}{' (running)' * bool(self.running)}"


class OfStep(View):
    """The names and the status of a pipeline's step; all empty for the log of the whole build."""

    stage: str = ""
    step: str = ""
    name: str = ""
    status: str = ""
    note: str = ""

    @property
    def heading(self) -> str:
        """The step in a line."""
        named = " ".join(part for part in (self.step, self.name) if part)
        where = " / ".join(part for part in (self.stage, named) if part) or "Console log"
        return f"{where}: {self.status}" if self.status else where


class LogSection(OfStep):
    """A part of a log. Negative line numbers count from its end."""

    first_line: int | None = None
    last_line: int | None = None
    total_lines: int | None = None
    bytes: int | None = None
    running: bool | None = None
    end: bool | None = None
    cursor: Annotated[str, Field(description="lines after")] = ""
    cursor_back: Annotated[str, Field(description="lines before")] = ""
    log: str = ""

    @property
    def extent(self) -> str:
        """Which part of the log this is, in a sentence."""
        if self.bytes is None:
            return ""
        size = f"{self.bytes} bytes{' so far' if self.running else ''}"
        if self.first_line is None:
            return f"No lines shown of {size}."
        if self.first_line < 0:
            return f"Lines {self.first_line} to {self.last_line}, counted from the end, of {size}."
        lines = f"{self.total_lines} ({size})" if self.total_lines is not None else size
        return f"Lines {self.first_line}-{self.last_line} of {lines}."

    def as_lines(self) -> list[str]:
        """Return the text of this part."""
        rows = [f"{self.heading}. {self.extent}".strip(), self.note, self.log]
        rows += [f"lines before: cursor={self.cursor_back}" if self.cursor_back else ""]
        rows += [f"{'lines to come' if self.running else 'lines after'}: cursor={self.cursor}" if self.cursor else ""]
        return [row for row in rows if row]


class BuildLogView(OfBuild):
    """Parts of the log of a build, or of the steps of one stage."""

    brief = True

    logs: tuple[LogSection, ...] = ()
    steps: Texts = ()
    next_step: str = ""

    def as_text(self) -> str:
        """Return the answer for reading."""
        parts = [line for log in self.logs for line in log.as_lines()]
        return joined(f"{self.heading}.", parts, titled("Other steps", self.steps), self.next_step)


class Matches(OfStep):
    """Matches in a log. Negative line numbers count from its end."""

    matches: int
    shown: int
    log: Annotated[str, Field(description="> marks a match")] = ""

    def as_lines(self) -> list[str]:
        """Return the text of this part."""
        count = f"{self.heading}. {self.matches} matching, {self.shown} shown."
        return [row for row in (count, self.note, self.log) if row]


class LogSearchView(OfBuild):
    """What was found in the log of a build, or of the steps of one stage."""

    brief = True

    matches: int
    shown: int
    results: tuple[Matches, ...] = ()
    next_step: str = ""

    def as_text(self) -> str:
        """Return the answer for reading."""
        parts = [line for result in self.results for line in result.as_lines()]
        return joined(f"{self.heading}. {self.matches} matching lines, {self.shown} shown.", parts, (), self.next_step)
