"""Exports a build's test report as the API does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jenkins_mcp_simulator.export_values import constants
from jenkins_mcp_simulator.tree import Exported

if TYPE_CHECKING:
    from jenkins_mcp_simulator.records import Build


def export_tests(build: Build) -> Exported:
    """Return the report of a build's tests."""
    tests = build.plan.tests
    suites: dict[str, list[Exported]] = {}
    for test in tests:
        since = _failed_since(build, test.name, test.class_name) if test.status in {"FAILED", "REGRESSION"} else 0
        case = constants(
            name=test.name,
            className=test.class_name,
            status=test.status,
            duration=test.duration,
            errorDetails=test.error,
            errorStackTrace=test.trace,
            skippedMessage=test.skipped,
            failedSince=since,
            age=build.number - since + 1 if since else 0,
        )
        suites.setdefault(test.suite, []).append(Exported(None, case))
    counts = {
        "failCount": sum(test.status in {"FAILED", "REGRESSION"} for test in tests),
        "skipCount": sum(test.status == "SKIPPED" for test in tests),
    }
    return Exported(
        "hudson.tasks.junit.TestResult",
        constants(
            **counts,
            passCount=len(tests) - sum(counts.values()),
            duration=sum(test.duration for test in tests),
            suites=[Exported(None, constants(name=name, cases=cases)) for name, cases in suites.items()],
        ),
    )


def _failed_since(build: Build, name: str, class_name: str) -> int:
    """Return the first of the builds in a row up to this one in which the test fails."""
    since = build.number
    for earlier in reversed([other for other in build.job.builds if other.number < build.number]):
        found = [test for test in earlier.plan.tests if (test.name, test.class_name) == (name, class_name)]
        if not found or found[0].status not in {"FAILED", "REGRESSION"}:
            break
        since = earlier.number
    return since
