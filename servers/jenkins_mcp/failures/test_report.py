"""Reads the test report of a build, the failed tests first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jenkins_mcp.client import calls

if TYPE_CHECKING:
    from jenkins_mcp.client.models.reports import TestCase
    from jenkins_mcp.logs.target_build import Target

MOST: Final = 10_000  # tests of one suite
BROKEN: Final = frozenset({"FAILED", "REGRESSION"})
_ORDER: Final = ("REGRESSION", "FAILED", "SKIPPED", "FIXED")


@dataclass(frozen=True, slots=True)
class ReportedTest:
    """A test, and its place in the report: the index of its suite and its own index there."""

    case: TestCase
    suite: str
    place: tuple[int, int]

    @property
    def failed(self) -> bool:
        """Whether it failed."""
        return self.case.status in BROKEN

    @property
    def name(self) -> str:
        """The name with that of its class."""
        return ".".join(part for part in (self.case.class_name, self.case.name) if part)


@dataclass(frozen=True, slots=True)
class Report:
    """The tests of a build: failed ones first, of these the newest failures; `seconds` is how long they took."""

    tests: tuple[ReportedTest, ...]
    failed: int
    skipped: int
    passed: int
    seconds: float


async def read_report(target: Target) -> Report:
    """Read the report of a build.

    Raises:
        NotFound: it has none.
    """
    report = await target.client.send(calls.get_tests(target.job, target.number, 0, MOST))
    tests = [
        ReportedTest(case, suite.name, (outer, inner))
        for outer, suite in enumerate(report.suites)
        for inner, case in enumerate(suite.cases)
    ]
    tests.sort(key=_rank)
    return Report(tuple(tests), report.fail_count, report.skip_count, report.pass_count, report.duration)


def _rank(test: ReportedTest) -> tuple[int, int, str]:
    """Sort by status, then by how long it has failed."""
    status = test.case.status
    return (_ORDER.index(status) if status in _ORDER else len(_ORDER), test.case.age, test.name)
