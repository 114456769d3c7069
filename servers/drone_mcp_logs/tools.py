"""The tools: each reads its arguments, calls its folder's `tool` module and returns a view."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

from mcp.server.mcpserver import Context
from pydantic import BeforeValidator, Field

from ci_mcp_kit.tools import tool
from drone_mcp_build.access import resolve_address
from drone_mcp_diagnosis.live_log import Pace
from drone_mcp_diagnosis.views import DiagnosisView
from drone_mcp_logs.compare.views import ComparisonView
from drone_mcp_logs.flaky.views import FlakyView
from drone_mcp_logs.read.tool import ReadRequest, show_logs, window_of
from drone_mcp_logs.read.views import BuildLogsView
from drone_mcp_logs.regression.views import RegressionView
from drone_mcp_logs.search.answer import Limits
from drone_mcp_logs.search.tool import SearchRequest, search_logs
from drone_mcp_logs.search.views import SearchView

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_known.client_and_store import KnownAccess

Repo = Annotated[str | None, Field(description="owner/name or URL")]
Number = Annotated[int | None, Field(description="1+; default: newest", ge=1)]


def _as_name(value: object) -> object:
    """Return a number as text, in which form the schema asks for it: models send `3` as well as `"3"`."""
    return str(value) if type(value) is int else value


Part = Annotated[str | None, BeforeValidator(_as_name), Field(description="number or name")]
Budget = Annotated[int, Field(description="200-20000", ge=200, le=20_000)]


class LogTools:
    """Reads and searches what the steps of builds printed.

    `clock` gives the Unix time, and `role_tools` are the tools that the agent has, as far as that is known.
    """

    def __init__(
        self,
        access: KnownAccess,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.time,
        role_tools: frozenset[str] = frozenset(),
    ) -> None:
        self._role_tools = role_tools
        self._access = access
        self._pace = pace or Pace()
        self._clock = clock

    @tool(title="Diagnose a build", schema="diagnosis/1")
    async def drone_diagnose_build(
        self,
        repo: Repo = None,
        number: Annotated[int | None, Field(description="1+; default: newest failed", ge=1)] = None,
        token_budget: Budget = 2000,
    ) -> DiagnosisView:
        """Say why a build failed: start here.

        Failed steps in causal order with the log lines that show why, class of failure, failed tests, places, whether
        its target branch fails alike, what to do next.
        """
        from drone_mcp_logs.diagnose.tool import diagnose_build  # noqa: PLC0415 - on first use, to start fast

        what = resolve_address(self._access, repo, number)
        return await diagnose_build(self._access, what, token_budget, self._pace, self._role_tools)

    @tool(title="Compare two builds", schema="build-comparison/1")
    async def drone_compare_builds(
        self,
        repo: Repo = None,
        a: Number = None,
        b: Annotated[int | None, Field(description="1+; default: last good before a", ge=1)] = None,
        token_budget: Budget = 2000,
    ) -> ComparisonView:
        """Say what changed from build b to build a: steps, new lines in the failed step's log, commits."""
        from drone_mcp_logs.compare.tool import compare  # noqa: PLC0415 - on first use, to start fast

        what = resolve_address(self._access, repo, a)
        return await compare(self._access, what, b, token_budget, self._pace)

    @tool(title="Find a regression", schema="regression/1")
    async def drone_find_regression(
        self,
        context: Context[Any, Any],
        repo: Repo = None,
        branch: Annotated[str | None, Field(description="default: the default one")] = None,
        step: Annotated[str | None, Field(description="name or stage/step")] = None,
    ) -> RegressionView:
        """Since when a branch or step fails: last good, first failed, builds between, first with this failure."""
        from drone_mcp_logs.regression.tool import find_regression  # noqa: PLC0415 - on first use, to start fast

        what = resolve_address(self._access, repo, step=step)
        return await find_regression(self._access, what, branch, self._pace, context.report_progress)

    @tool(title="Find flaky steps", schema="flaky-steps/1")
    async def drone_find_flaky_steps(
        self,
        context: Context[Any, Any],
        repo: Repo = None,
        days: Annotated[int | None, Field(description="1-365", ge=1, le=365)] = None,
        builds: Annotated[int | None, Field(description="newest ones, 2-500; default 50", ge=2, le=500)] = None,
    ) -> FlakyView:
        """Steps that passed and failed on the same commit: how often, and the builds that show it."""
        from drone_mcp_diagnosis.flaky_search import Window  # noqa: PLC0415 - on first use, to start fast
        from drone_mcp_logs.flaky.tool import find_flaky_steps  # noqa: PLC0415 - likewise

        slug = resolve_address(self._access, repo).repo
        window = Window.of(builds, days, self._clock())
        return await find_flaky_steps(self._access, slug, window, context.report_progress)

    @tool(title="Read build logs", schema="build-logs/1")
    async def drone_get_build_logs(
        self,
        repo: Repo = None,
        number: Number = None,
        stage: Part = None,
        step: Part = None,
        tail: Annotated[int | None, Field(description="last lines, 1+", ge=1)] = None,
        head: Annotated[int | None, Field(description="first lines, 1+", ge=1)] = None,
        around: Annotated[int | None, Field(description="line number, 1+; needs step", ge=1)] = None,
        cursor: Annotated[str | None, Field(description="from an answer")] = None,
        token_budget: Budget = 2000,
    ) -> BuildLogsView:
        """Read a step's log (stored or live), or without step the end of each failed step's log.

        Shows its end, or one of tail, head, around, cursor.
        """
        what = resolve_address(self._access, repo, number, stage, step)
        ask = ReadRequest(what, window_of(what.repo, tail, head, around, cursor), token_budget)
        return await show_logs(self._access, ask, self._pace)

    @tool(title="Search build logs", schema="build-log-search/1")
    async def drone_search_build_logs(
        self,
        pattern: Annotated[str, Field(description="RE2 regex, by line")],
        repo: Repo = None,
        number: Number = None,
        stage: Part = None,
        step: Part = None,
        literal: Annotated[bool, Field(description="pattern is plain text")] = False,
        ignore_case: Annotated[bool, Field(description="also literal")] = True,
        context: Annotated[int, Field(description="lines around each match, 0-10", ge=0, le=10)] = 2,
        max_matches: Annotated[int, Field(description="1-100", ge=1, le=100)] = 20,
        token_budget: Budget = 2000,
    ) -> SearchView:
        """Find lines in the logs of a build's steps; failed steps come first."""
        what = resolve_address(self._access, repo, number, stage, step)
        ask = SearchRequest(what, pattern, literal, ignore_case, Limits(context, max_matches, token_budget))
        return await search_logs(self._access, ask, self._pace)
