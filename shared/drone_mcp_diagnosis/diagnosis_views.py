"""The answer of `drone_diagnose_build`."""

from __future__ import annotations

from ci_mcp_logs.diagnosis.views import DiagnosisFields, FailureFields
from drone_mcp_diagnosis.views import LOST_HEAD, BuildView, StepView


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
        """What is said of a log that has lost its beginning."""
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
