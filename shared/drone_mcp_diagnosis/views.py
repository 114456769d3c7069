"""The parts that the answers of several tools share."""

from __future__ import annotations

from ci_mcp_kit.answer import View

# A runner keeps the last 5 MiB of a log (drone/runner-go, livelog/livelog.go).
LOST_CAUSE = "the beginning is lost and the cause may be in it"
LOST_HEAD = f"{LOST_CAUSE}; numbers count from what is left"
PRINT_LESS = "let the step print less, or write to a file and print its end, and run it again"


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


class BuildView(View):
    """What names a build."""

    repo: str
    number: int
    status: str = ""

    @property
    def heading(self) -> str:
        """The build in a line."""
        return f"{self.repo} #{self.number}{f' {self.status}' if self.status else ''}"
