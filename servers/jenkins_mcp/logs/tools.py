"""The tools about what builds printed and reported: arguments in, one or few calls, a view out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ci_mcp_kit.tools import tool
from jenkins_mcp.arguments import Budget, BuildName, Jenkins, Job, Stage
from jenkins_mcp.logs.views import BuildLogView, LogSearchView

if TYPE_CHECKING:
    from jenkins_mcp.access import JenkinsAccess

GUIDE = """\
- Read a log: jenkins_get_build_log (its end; go on with cursor, cursor_back). Find lines: \
jenkins_search_build_log."""
"""The lines of the server's instructions about these tools."""


class LogTools:
    """The tools about logs, failures and tests."""

    def __init__(self, access: JenkinsAccess) -> None:
        self._access = access

    @tool(title="Read a build's log", schema="jenkins-build-log/1")
    async def jenkins_get_build_log(
        self,
        job: Job,
        build: BuildName = "lastBuild",
        stage: Stage = None,
        tail: Annotated[int | None, Field(description="last lines, 1+", ge=1)] = None,
        head: Annotated[int | None, Field(description="first lines, 1+", ge=1)] = None,
        around: Annotated[int | None, Field(description="line; negative: from the end")] = None,
        cursor: Annotated[str | None, Field(description="from an answer")] = None,
        token_budget: Budget = 2000,
        jenkins: Jenkins = None,
    ) -> BuildLogView:
        """The end of a log, or one of tail, head, around, cursor."""
        from jenkins_mcp.logs.read import request_of, show_log  # noqa: PLC0415 - likewise
        from jenkins_mcp.logs.target_build import with_build  # noqa: PLC0415 - on first use, to start fast

        ask = request_of(stage, tail, head, around, cursor, token_budget)
        return await with_build(await self._access.client(jenkins), job, build, partial(show_log, ask=ask))

    @tool(title="Search a build's log", schema="jenkins-log-search/1")
    async def jenkins_search_build_log(
        self,
        job: Job,
        pattern: Annotated[str, Field(description="RE2 regex, by line; case is ignored, unless (?-i)")],
        build: BuildName = "lastBuild",
        stage: Stage = None,
        literal: Annotated[bool, Field(description="pattern is plain text")] = False,
        context: Annotated[int, Field(description="lines around, 0-10", ge=0, le=10)] = 2,
        jenkins: Jenkins = None,
    ) -> LogSearchView:
        """Find lines in a build's log."""
        from jenkins_mcp.logs.search import SearchRequest, search_log  # noqa: PLC0415 - likewise
        from jenkins_mcp.logs.target_build import with_build  # noqa: PLC0415 - on first use, to start fast

        ask = SearchRequest(pattern, stage, literal, context)
        return await with_build(await self._access.client(jenkins), job, build, partial(search_log, ask=ask))
