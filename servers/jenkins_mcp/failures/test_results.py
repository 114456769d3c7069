"""The tool `jenkins_get_test_results`: the tests of a build within a budget, the failed ones first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_kit.answer import to_json
from ci_mcp_kit.concurrency import for_each
from ci_mcp_kit.errors import NotFound
from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_kit.token_count import count_tokens
from jenkins_mcp.client import calls
from jenkins_mcp.client.service_descriptor import JENKINS
from jenkins_mcp.failures.test_report import read_report
from jenkins_mcp.failures.views import TestLine, TestResultsView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jenkins_mcp.failures.test_report import ReportedTest
    from jenkins_mcp.logs.target_build import Target

BUDGET: Final = 1800  # tokens of all tests, so that the answer keeps to 2,000
MOST: Final = 100  # tests of one answer
MOST_TRACES: Final = 5  # each costs a request
TRACE: Final = 600  # characters
WIDTH: Final = 200  # of a name or message


async def show_tests(target: Target, start: int) -> TestResultsView:
    """Answer the tool.

    Raises:
        NotFound: the build has no test report.
    """
    try:
        report = await read_report(target)
    except NotFound as missing:
        raise NotFound(
            f"{target.job} #{target.number} has no test report",
            next_step="Jenkins has one where the build publishes it (junit) and has ended; jenkins_diagnose_build "
            "finds failed tests in the log",
            status=missing.status,
            service=JENKINS,
        ) from missing
    page = report.tests[start : start + MOST]
    traces = await _read_traces(target, [test for test in page if test.failed][:MOST_TRACES])
    lines, room = list[TestLine](), BUDGET
    for test in page:
        line = _describe(test, traces.get(test.place, ""))
        room -= count_tokens(to_json(line))
        if room < 0 and lines:
            break
        lines.append(line)
    end = start + len(lines)
    more = end < len(report.tests)
    return TestResultsView(
        job=str(target.job),
        number=target.number,
        failed=report.failed,
        skipped=report.skipped,
        passed=report.passed,
        seconds=round(report.seconds, 3),
        tests=tuple(lines),
        next_start=end if more else None,
        next_step=f"Call again with start {end} for more" if more and end < report.failed else "",
    )


async def _read_traces(target: Target, tests: Sequence[ReportedTest]) -> dict[tuple[int, int], str]:
    """Return where tests failed, by their places; a whole report with all of that may be too large."""

    async def read(test: ReportedTest) -> str:
        report = await target.client.send(calls.get_trace(target.job, target.number, *test.place))
        return next((case.error_stack_trace for suite in report.suites for case in suite.cases), "")

    return dict(zip((test.place for test in tests), await for_each(tests, read), strict=True))


def _describe(test: ReportedTest, trace: str) -> TestLine:
    case = test.case
    return TestLine(
        name=one_line(test.name, WIDTH),
        suite=one_line(test.suite, WIDTH) if test.suite != case.class_name else "",
        status=case.status,
        failed_since=case.failed_since or None,
        builds=case.age if test.failed else None,
        seconds=round(case.duration, 3),
        error=one_line(case.error_details, WIDTH),
        trace=one_line(trace, TRACE),
        skipped=one_line(case.skipped_message, WIDTH),
    )
