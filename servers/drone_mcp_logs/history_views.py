"""The answers of `drone_find_regression` and `drone_find_flaky_steps`."""

from __future__ import annotations

from drone_mcp_kit.answer import View
from drone_mcp_logs.views import Texts, joined, titled


class RegressionView(View):
    """Since when a branch fails."""

    repo: str
    branch: str
    verdict: str
    summary: str
    step: str = ""
    last_good: int | None = None
    first_failed: int | None = None
    first_seen: int | None = None
    newest_failed: int | None = None
    seen_before: tuple[int, ...] = ()
    signature: str = ""
    builds: Texts = ()
    compare_link: str = ""
    looked_at: str = ""
    next_step: str = ""

    def as_text(self) -> str:
        """Return the answer for reading."""
        before = ", ".join(f"#{number}" for number in self.seen_before)
        parts = [*titled("Builds, newest first", self.builds)]
        others = [
            f"The same failure before the last good build: {before}" if before else "",
            f"Signature: {self.signature}" if self.signature else "",
            f"Commits: {self.compare_link}" if self.compare_link else "",
            f"Looked at: {self.looked_at}" if self.looked_at else "",
        ]
        return joined(f"{self.repo} {self.branch}: {self.summary}.", parts, others, self.next_step)


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
