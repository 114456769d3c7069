"""The parts that the answers of several tools share."""

from __future__ import annotations

from ci_mcp_kit.answer import View
from ci_mcp_logs.diagnosis.answer import DiagnosisFields, FailureFields

# A runner keeps the last 5 MiB of a log (drone/runner-go, livelog/livelog.go).
LOST_CAUSE = "the beginning is lost and the cause may be in it"
LOST_HEAD = f"{LOST_CAUSE}; numbers count from what is left"
PRINT_LESS = "let the step print less, or write to a file and print its end, and run it again"


class StepView(View):
    """The names and the status of a step."""

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
    """The name and the status of a build."""

    repo: str
    number: int
    status: str = ""

    @property
    def heading(self) -> str:
        """The build in a line."""
        return f"{self.repo} #{self.number}{f' {self.status}' if self.status else ''}"


class FailureView(FailureFields, StepView):
    """A failed step, or a stage that failed without one."""

    step: int | None = None  # type: ignore[assignment]  # a stage can fail before its first step

    @property
    def label(self) -> str:
        """Numbers and names."""
        numbers = f"stage {self.stage}" if self.step is None else f"{self.stage}/{self.step}"
        return f"{numbers} {self.name}".strip()

    @property
    def lost_part(self) -> str:
        """The note on a log that has lost its beginning."""
        return LOST_HEAD


class StandingView(BuildView):
    """A build, and how the branch that it goes to stands."""

    on_target: str = ""


class DiagnosisView(DiagnosisFields, StandingView):
    """Why a build failed."""

    failures: tuple[FailureView, ...] = ()

    @property
    def heading(self) -> str:
        """The build in a line."""
        return super(DiagnosisFields, self).heading

    @property
    def history(self) -> str:
        """Whether the target branch has the same failure."""
        return f"On the target branch: {self.on_target}." if self.on_target else ""
