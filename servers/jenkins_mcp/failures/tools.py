"""The tools about failures: arguments in, a few calls, a view out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field

from ci_mcp_kit.tools import tool
from jenkins_mcp.arguments import Budget, BuildName, Jenkins, Job
from jenkins_mcp.failures.views import DiagnosisView, TestResultsView

if TYPE_CHECKING:
    from jenkins_mcp.access import JenkinsAccess

GUIDE = """\
- Why did a build fail: start with jenkins_diagnose_build. Which tests failed, since when: jenkins_get_test_results."""
"""The lines of the server's instructions about these tools."""


UNSUCCESSFUL: Final = "lastUnsuccessfulBuild"


class FailureTools:
    """The tools about failures."""

    def __init__(self, access: JenkinsAccess) -> None:
        self._access = access

    @tool(title="Diagnose a build", schema="jenkins-diagnosis/1")
    async def jenkins_diagnose_build(
        self,
        job: Job,
        build: BuildName = UNSUCCESSFUL,
        token_budget: Budget = 2000,
        jenkins: Jenkins = None,
    ) -> DiagnosisView:
        """Why a build failed: steps, telling lines, class, tests, next step."""
        from ci_mcp_kit.errors import NotFound  # noqa: PLC0415 - on first use, to start fast
        from jenkins_mcp.failures.diagnosing import diagnose  # noqa: PLC0415 - likewise
        from jenkins_mcp.logs.target_build import with_build  # noqa: PLC0415 - likewise

        client, work = await self._access.client(jenkins), partial(diagnose, token_budget=token_budget)
        try:
            return await with_build(client, job, build, work)
        except NotFound:
            if build != UNSUCCESSFUL:
                raise
        # All builds that have ended are good, or there is no such job.
        return await with_build(client, job, "lastBuild", work)

    @tool(title="Get test results", schema="jenkins-tests/1")
    async def jenkins_get_test_results(
        self,
        job: Job,
        build: BuildName = "lastCompletedBuild",
        start: Annotated[int, Field(ge=0, description="next_start, 0+")] = 0,
        jenkins: Jenkins = None,
    ) -> TestResultsView:
        """Tests of a build, failed ones first: since when each fails, its error."""
        from jenkins_mcp.failures.test_results import show_tests  # noqa: PLC0415 - on first use, to start fast
        from jenkins_mcp.logs.target_build import with_build  # noqa: PLC0415 - likewise

        work = partial(show_tests, start=start)
        return await with_build(await self._access.client(jenkins), job, build, work)
