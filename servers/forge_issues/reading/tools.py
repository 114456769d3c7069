"""The tools that read: arguments in, the forge and the CI server, a view out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field

from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.tools import tool
from forge_issues.arguments import Labels, Login, Milestone, Number, Page, Repo, Standing, Which, check_names
from forge_issues.reading.views import DiffView, IssueList, IssueView, PullList, PullView

if TYPE_CHECKING:
    from forge_access.access import ForgeAccess

GUIDE: Final = """\
- Which pull request (merge request) does a red build belong to: drone_get_pull_request with build; also by number, \
commit or branch. It names the builds behind its checks and what to call next.
- What it changes: drone_get_pull_request_diff, with paths for some files.
- Issues, bugs, tickets: drone_list_issues, drone_get_issue. Pull requests: drone_list_pull_requests."""
"""The lines of the server's instructions about these tools."""


class ReadingTools:
    """The tools that read issues and pull requests."""

    def __init__(self, access: ForgeAccess) -> None:
        self._access = access

    @tool(title="List issues", schema="issues/1")
    async def drone_list_issues(
        self,
        repo: Repo = None,
        state: Standing = "open",
        labels: Labels = None,
        milestone: Milestone = None,
        author: Login = None,
        assignee: Login = None,
        text: Annotated[str | None, Field(description="words in this order")] = None,
        page: Page = 1,
    ) -> IssueList:
        """List issues, newest first, 20 a page; never pull requests. Unknown names are refused."""
        from forge_client.requests import IssueFilter  # noqa: PLC0415 - on first use, to start fast
        from forge_issues.reading.issues import list_issues  # noqa: PLC0415 - likewise

        wanted = IssueFilter(
            state=state,
            labels=check_names(labels, "labels"),
            milestone=milestone or "",
            text=text or "",
            author=author or "",
            assignee=assignee or "",
        )
        return await list_issues(self._access, self._access.resolve_repo(repo), wanted, page)

    @tool(title="Get an issue", schema="issue/1")
    async def drone_get_issue(
        self,
        number: Number,
        repo: Repo = None,
        comments: Annotated[int, Field(ge=0, le=20, description="last ones, 0-20")] = 5,
    ) -> IssueView:
        """Read an issue: text, last comments, builds named in it, what blocks it, a version for editing."""
        from forge_issues.reading.issues import get_issue  # noqa: PLC0415 - on first use, to start fast

        return await get_issue(self._access, self._access.resolve_repo(repo), number, comments)

    @tool(title="List pull requests", schema="pull-requests/1")
    async def drone_list_pull_requests(
        self,
        repo: Repo = None,
        state: Standing = "open",
        labels: Labels = None,
        author: Login = None,
        base: Annotated[str | None, Field(description="target branch")] = None,
        page: Page = 1,
    ) -> PullList:
        """List pull requests (merge requests), last updated first, 15 a page, with the status of the newest build."""
        from forge_client.requests import PullFilter  # noqa: PLC0415 - on first use, to start fast
        from forge_issues.reading.pulls import list_pulls  # noqa: PLC0415 - likewise

        wanted = PullFilter(state=state, labels=check_names(labels, "labels"), author=author or "", base=base or "")
        return await list_pulls(self._access, self._access.resolve_repo(repo), wanted, page)

    @tool(title="Get a pull request", schema="pull-request/1")
    async def drone_get_pull_request(
        self,
        repo: Repo = None,
        number: Which = None,
        build: Which = None,
        commit: Annotated[str | None, Field(description="whole hash")] = None,
        branch: Annotated[str | None, Field(description="its head")] = None,
    ) -> PullView:
        """Find a pull request (merge request) by one of number, build, commit, branch.

        Tells whether its head has moved on, whether it can be merged, its checks and their builds.
        """
        from forge_issues.reading.pulls import Asked, get_pull  # noqa: PLC0415 - on first use, to start fast

        given = {"number": number, "build": build, "commit": commit, "branch": branch}
        named = [name for name, value in given.items() if value is not None]
        if len(named) != 1:
            what = f"{' and '.join(named)} are given" if named else "none of them is given"
            raise InvalidInput(f"A pull request is found by number, build, commit or branch, and {what}")
        return await get_pull(self._access, self._access.resolve_repo(repo), Asked(number, build, commit, branch))

    @tool(title="Get the diff of a pull request", schema="pull-request-diff/1")
    async def drone_get_pull_request_diff(
        self,
        number: Number,
        repo: Repo = None,
        paths: Annotated[list[str] | None, Field(description="files, folders, globs")] = None,
        token_budget: Annotated[int, Field(ge=200, le=20_000, description="200-20000")] = 2000,
    ) -> DiffView:
        """List the files that a pull request changes, then their hunks; lock and generated files last."""
        from forge_issues.reading.diffs import get_diff  # noqa: PLC0415 - on first use, to start fast

        slug = self._access.resolve_repo(repo)
        return await get_diff(self._access, slug, number, check_names(paths, "paths"), token_budget)
