"""The answer of `drone_search_build_logs`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ci_mcp_logs.answer_text import Texts, joined, titled
from drone_mcp_diagnosis.views import BuildView, StepView


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
