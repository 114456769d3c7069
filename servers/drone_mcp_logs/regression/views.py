"""The answer of `drone_find_regression`."""

from __future__ import annotations

from ci_mcp_kit.answer import View
from ci_mcp_logs.answer_text import Texts, joined, titled


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
    note: str = ""
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
            f"Note: {self.note}" if self.note else "",
            f"Commits: {self.compare_link}" if self.compare_link else "",
            f"Looked at: {self.looked_at}" if self.looked_at else "",
        ]
        return joined(f"{self.repo} {self.branch}: {self.summary}.", parts, others, self.next_step)
