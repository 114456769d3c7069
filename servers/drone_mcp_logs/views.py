"""The answers' shapes. Log text travels as one string of numbered lines between a pair of unguessable marks."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from drone_mcp_kit.answer import View

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from drone_mcp_logs.windows import Row


def new_nonce() -> str:
    """Return what a log cannot know beforehand, so that none can end its frame by itself."""
    return secrets.token_hex(4)


def framed(rows: Iterable[Row], nonce: str) -> str:
    """Return log lines as data: between two marks that hold `nonce`. The first says which time stamps are left out."""
    rows = tuple(rows)
    stamps = [row.stamp for row in rows if row.stamp]
    times = " to ".join(dict.fromkeys((stamps[0], stamps[-1]))) if stamps else ""
    left_out = f", without the time stamps of lines marked ~: {times}" if stamps else ""
    return "\n".join((f"<<<log {nonce}{left_out}", *(row.text for row in rows), f"{nonce} log>>>"))


Texts = tuple[str, ...]


class StepView(View):
    """What names a step, and how it stands."""

    stage: int
    step: int
    name: str = ""
    status: str = ""
    exit_code: int | None = None
    note: str = ""

    @property
    def heading(self) -> str:
        """The step in a line."""
        standing = f": {self.status}" if self.status else ""
        exit_code = f", exit {self.exit_code}" if self.exit_code else ""
        return f"{f'{self.stage}/{self.step} {self.name}'.strip()}{standing}{exit_code}"


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
        lost = "; the beginning is lost, numbers count from what is left" if self.head_lost and not self.running else ""
        if self.first_line is None:
            return f"No lines shown of {size}{lost}."
        return f"Lines {self.first_line}-{self.last_line} of {size}{lost}."

    def as_lines(self) -> list[str]:
        """Return the text of this part."""
        rows = [f"{self.heading}. {self.extent}".strip(), self.note, self.log]
        rows += [f"lines before: cursor={self.cursor_back}" if self.cursor_back else ""]
        rows += [f"{'lines to come' if self.running else 'lines after'}: cursor={self.cursor}" if self.cursor else ""]
        return [row for row in rows if row]


class BuildView(View):
    """What names a build."""

    repo: str
    number: int
    status: str = ""

    @property
    def heading(self) -> str:
        """The build in a line."""
        return f"{self.repo} #{self.number}{f' {self.status}' if self.status else ''}"


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


class StepMatchesView(StepView):
    """Matches in a step."""

    matches: int
    shown: int
    log: Annotated[str, Field(description="> marks a match")] = ""

    def as_lines(self) -> list[str]:
        """Return the text of this part."""
        count = f"{self.heading}. {self.matches} matching, {self.shown} shown."
        return [row for row in (count, self.note, self.log) if row]


class SearchView(BuildView):
    """What was found in a build's logs."""

    matches: int
    shown: int
    searched: int
    results: tuple[StepMatchesView, ...] = ()
    more: Texts = ()
    not_searched: Texts = ()
    next_step: str = ""

    def as_text(self) -> str:
        """Return the answer for reading."""
        steps = "1 step" if self.searched == 1 else f"{self.searched} steps"
        head = f"{self.heading}. {self.matches} matching lines in {steps} searched, {self.shown} shown."
        parts = [line for result in self.results for line in result.as_lines()]
        others = [*titled("More matches", self.more), *titled("Not searched", self.not_searched)]
        return joined(head, parts, others, self.next_step)


def titled(title: str, lines: Sequence[str]) -> list[str]:
    """Return `lines` below their title; nothing where there are none."""
    return [f"{title}:", *(f"  {line}" for line in lines)] if lines else []


def joined(head: str, parts: Sequence[str], others: Sequence[str], next_step: str) -> str:
    """Return an answer's text: what it is, its parts, what else there is, what to do next."""
    rows = [head, *parts, *others, f"Next: {next_step}" if next_step else ""]
    return "\n".join(row for row in rows if row)
