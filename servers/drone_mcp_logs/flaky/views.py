"""The answer of `drone_find_flaky_steps`."""

from __future__ import annotations

from ci_mcp_kit.answer import View
from ci_mcp_logs.answer_text import Texts, joined


class FlakyStepView(View):
    """A step that passed and failed on the same commit; rates in percent."""

    name: str
    failed: int
    runs: int
    percent: float
    low: float
    high: float
    ignored: bool | None = None
    commits: int
    builds: Texts = ()

    def as_lines(self) -> list[str]:
        """Return the text of this part."""
        ignored = "; failures of it are ignored" if self.ignored else ""
        rate = f"{self.percent:g} %, likely {self.low:g} to {self.high:g} %"
        head = (
            f"{self.name}: failed in {self.failed} of {self.runs} runs on commits that it passed on ({rate}){ignored}"
        )
        return [head, *(f"  {line}" for line in self.builds)]


class FlakyView(View):
    """Steps that pass and fail without a change."""

    repo: str
    summary: str
    steps: tuple[FlakyStepView, ...] = ()
    looked_at: str = ""
    left_out: str = ""
    next_step: str = ""

    def as_text(self) -> str:
        """Return the answer for reading."""
        parts = [line for step in self.steps for line in step.as_lines()]
        others = [
            f"Looked at: {self.looked_at}" if self.looked_at else "",
            f"Left out: {self.left_out}" if self.left_out else "",
        ]
        return joined(f"{self.repo}: {self.summary}.", parts, others, self.next_step)
