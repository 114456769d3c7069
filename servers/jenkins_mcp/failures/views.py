"""The answers about failures. What builds printed stands between marks, or in quotes where it is a name."""

from __future__ import annotations

from ci_mcp_kit.answer import View
from ci_mcp_logs.diagnosis.answer import DiagnosisFields, FailureFields
from jenkins_mcp.logs.views import OfBuild, OfStep


class FailureView(FailureFields, OfStep):
    """A failed step of a pipeline, a stage that failed without one, or the whole build."""

    @property
    def label(self) -> str:
        """Stage, number and name."""
        named = " ".join(part for part in (self.step, self.name) if part)
        return " / ".join(part for part in (self.stage, named) if part) or "The build"


class StandingView(OfBuild):
    """A build, and how the last good one before it differs."""

    last_good: str = ""


class DiagnosisView(DiagnosisFields, StandingView):
    """Why a build failed."""

    brief = True

    failures: tuple[FailureView, ...] = ()

    @property
    def heading(self) -> str:
        """The build in a line."""
        return super(DiagnosisFields, self).heading

    @property
    def history(self) -> str:
        """How the last good build differs."""
        return f"Last good build: {self.last_good}." if self.last_good else ""


class TestLine(View):
    """A test. `builds` counts those in which it has failed without a pass; `seconds` is how long it took."""

    __test__ = False  # for pytest

    name: str
    suite: str = ""
    status: str
    failed_since: int | None = None
    builds: int | None = None
    seconds: float
    error: str = ""
    trace: str = ""
    skipped: str = ""


class TestResultsView(View):
    """The tests of a build: failed ones first, of these the newest failures."""

    __test__ = False  # for pytest
    brief = True

    job: str
    number: int
    failed: int
    skipped: int = 0
    passed: int = 0
    seconds: float = 0.0
    tests: tuple[TestLine, ...] = ()
    next_start: int | None = None
    next_step: str = ""
