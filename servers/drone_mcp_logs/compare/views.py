"""The answer of `drone_compare_builds`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ci_mcp_kit.answer import View
from ci_mcp_logs.answer_text import Texts, joined, titled


class SideView(View):
    """One of the two builds."""

    number: int
    status: str = ""
    seconds: int | None = None
    branch: str = ""
    event: str = ""
    commit: str = ""

    @property
    def heading(self) -> str:
        """The build in a line."""
        seconds = f" in {self.seconds} s" if self.seconds is not None else ""
        of = " ".join(part for part in (self.event, self.branch, self.commit[:10]) if part)
        return f"#{self.number} {self.status}{seconds}{f' ({of})' if of else ''}"


class NewView(View):
    """What is new in the log of the failed step; `step` is in the build in which it failed."""

    step: str
    lines: int | None = None
    shown: int | None = None
    log: str = ""
    note: str = ""

    def as_lines(self) -> list[str]:
        """Return the text of this part."""
        count = f"New in the log of {self.step}: {self.lines} lines, {self.shown} shown."
        return [row for row in (count if self.lines is not None else self.step, self.note, self.log) if row]


class ComparisonView(View):
    """What changed from build `b` to build `a`."""

    repo: str
    builds: Annotated[tuple[SideView, ...], Field(description="a, b")]
    summary: str
    changed: Texts = ()
    new: NewView | None = None
    compare_link: str = ""
    next_step: str = ""

    def as_text(self) -> str:
        """Return the answer for reading."""
        a, b = self.builds
        head = f"{self.repo}: {a.heading} against {b.heading}. {self.summary}."
        parts = [*titled("Steps that changed", self.changed), *(self.new.as_lines() if self.new else [])]
        others = [f"Commits: {self.compare_link}" if self.compare_link else ""]
        return joined(head, parts, others, self.next_step)
