"""The tools that write: arguments in, the guard and the forge, a view out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from mcp.server.mcpserver import Context
from mcp.types import InputRequiredResult
from pydantic import Field

from ci_mcp_kit.tools import tool
from forge_issues.arguments import (
    Confirmation,
    DryRun,
    Labels,
    Logins,
    Milestone,
    Number,
    Once,
    Repo,
    Text,
    Title,
    check_key,
    check_names,
)
from forge_issues.writing.views import WrittenView

if TYPE_CHECKING:
    from ci_mcp_kit.guard.acting import Actor
    from forge_access.access import ForgeAccess
    from forge_issues.writing.base import ForgeChange
    from forge_issues.writing.write_access import Writer

GUIDE: Final = """\
- Say on its pull request why a build failed: drone_report_build, one comment that is edited, never repeated. A flaky \
step: drone_report_flaky_step, one issue that stays closed once a person has closed it.
- Own words: drone_create_issue, drone_update_issue, drone_add_issue_comment, drone_create_pull_request. Log text in \
them stands in fences, or its words notify people and close issues.

Writing is off or a rehearsal unless the operator turned it on; once makes a repeated call harmless. NOT_CONFIRMED: a \
person has to agree; put the question to them as it is, never answer it yourself."""
"""The lines of the server's instructions about these tools."""


# The operation of each tool: the guard also refuses operations whose tools a role's list leaves out.
OPERATION_OF: Final = {
    "drone_create_issue": "open",
    "drone_update_issue": "update",
    "drone_add_issue_comment": "comment",
    "drone_create_pull_request": "propose",
    "drone_report_build": "report",
    "drone_report_flaky_step": "track",
}
READ_SCOPES: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(OPERATION_OF, ("read:repository",)),
    **dict.fromkeys(
        ("drone_update_issue", "drone_add_issue_comment", "drone_report_flaky_step"), ("read:issue", "read:repository")
    ),
}
"""Tool -> the scopes without which the token that reads cannot serve it, whatever the arguments are."""
WRITE_SCOPES: Final = {
    tool: ("write:repository" if tool == "drone_create_pull_request" else "write:issue",) for tool in OPERATION_OF
}
"""Tool -> the scope of the token that writes."""


class WritingTools:
    """The tools that write issues, comments and pull requests.

    Args:
        access: reads from the forge and the CI server.
        actor: carries changes out.
        writer: knows the user who writes.
    """

    def __init__(self, access: ForgeAccess, actor: Actor, writer: Writer) -> None:
        self._access = access
        self._actor = actor
        self._writer = writer

    @tool(title="Create an issue", schema="written/1", writes=True, idempotent=False)
    async def drone_create_issue(
        self,
        context: Context[Any, Any],
        title: Title,
        body: Text = "",
        repo: Repo = None,
        labels: Labels = None,
        milestone: Milestone = None,
        assignees: Logins = None,
        once: Once = None,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> WrittenView | InputRequiredResult:
        """Open an issue."""
        from forge_issues.writing.issue_changes import Filing, OpenChange  # noqa: PLC0415 - on first use, to start fast

        filing = Filing(check_names(labels, "labels"), milestone or "", check_names(assignees, "assignees"))
        change = OpenChange(**await self._common("open", repo, once), title=title, body=body, filing=filing)
        return await self._act(context, change, dry_run, confirmation)

    @tool(title="Update an issue", schema="written/1", writes=True, destructive=True)
    async def drone_update_issue(
        self,
        context: Context[Any, Any],
        number: Number,
        repo: Repo = None,
        title: Title | None = None,
        body: Text | None = None,
        state: Annotated[Literal["open", "closed"] | None, Field(description="new")] = None,
        labels: Annotated[list[str] | None, Field(description="in place of all")] = None,
        milestone: Annotated[str | None, Field(description="title, or none")] = None,
        assignees: Annotated[list[str] | None, Field(description="in place of all")] = None,
        version: Annotated[str | None, Field(description="as read: refused if edited since")] = None,
        once: Once = None,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> WrittenView | InputRequiredResult:
        """Change only what is given of an issue or pull request. not_applied names what the forge dropped."""
        from forge_issues.writing.issue_changes import UpdateChange, Wanted  # noqa: PLC0415 - as above

        wanted = Wanted(
            title=title,
            body=body,
            state=state,
            labels=None if labels is None else check_names(labels, "labels"),
            milestone=milestone,
            assignees=None if assignees is None else check_names(assignees, "assignees"),
            version=version or "",
        )
        change = UpdateChange(**await self._common("update", repo, once, number), wanted=wanted)
        return await self._act(context, change, dry_run, confirmation)

    @tool(title="Comment on an issue", schema="written/1", writes=True, idempotent=False)
    async def drone_add_issue_comment(
        self,
        context: Context[Any, Any],
        number: Number,
        body: Text,
        repo: Repo = None,
        once: Once = None,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> WrittenView | InputRequiredResult:
        """Comment on an issue or pull request. For a build's failure use drone_report_build."""
        from forge_issues.writing.issue_changes import CommentChange  # noqa: PLC0415 - as above

        change = CommentChange(**await self._common("comment", repo, once, number), body=body)
        return await self._act(context, change, dry_run, confirmation)

    @tool(title="Create a pull request", schema="written/1", writes=True)
    async def drone_create_pull_request(
        self,
        context: Context[Any, Any],
        head: Annotated[str, Field(description="branch or user:branch")],
        title: Title,
        body: Text = "",
        base: Annotated[str | None, Field(description="default: default branch")] = None,
        repo: Repo = None,
        draft: Annotated[bool, Field(description="not to be merged yet")] = False,
        once: Once = None,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> WrittenView | InputRequiredResult:
        """Open a pull request (merge request), or answer with the open one of these branches."""
        from forge_issues.writing.issue_changes import ProposeChange  # noqa: PLC0415 - as above

        change = ProposeChange(
            **await self._common("propose", repo, once),
            title=title,
            body=body,
            head=head,
            base=base or "",
            draft=draft,
        )
        return await self._act(context, change, dry_run, confirmation)

    @tool(title="Report a build", schema="written/1", writes=True)
    async def drone_report_build(
        self,
        context: Context[Any, Any],
        build: Number,
        repo: Repo = None,
        once: Once = None,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> WrittenView | InputRequiredResult:
        """Say on a build's pull request why it failed: one comment, fenced and redacted, newest build on top.

        Nothing is written where the head has moved on.
        """
        from forge_issues.writing.report_changes import ReportChange  # noqa: PLC0415 - as above

        change = ReportChange(**await self._common("report", repo, once, build))
        return await self._act(context, change, dry_run, confirmation)

    @tool(title="Report a flaky step", schema="written/1", writes=True)
    async def drone_report_flaky_step(
        self,
        context: Context[Any, Any],
        step: Annotated[str, Field(description="name or stage/step")],
        repo: Repo = None,
        once: Once = None,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> WrittenView | InputRequiredResult:
        """Open the one issue about a step that passes and fails on the same commit, or bring it up to date."""
        from forge_issues.writing.report_changes import TrackChange  # noqa: PLC0415 - as above

        change = TrackChange(**await self._common("track", repo, once), step=step)
        return await self._act(context, change, dry_run, confirmation)

    async def _act(
        self, context: Context[Any, Any], change: ForgeChange, dry_run: bool, confirmation: str | None
    ) -> WrittenView | InputRequiredResult:
        return await self._actor.act(context, change, dry_run=dry_run, token=confirmation)

    async def _common(self, operation: str, repo: str | None, once: str | None, number: int = 0) -> dict[str, Any]:
        """Return the arguments of every change; a call that names no repository of this role goes on record."""
        async with self._actor.recording_refusals(operation=operation, repo=repo or "", issue=number or None):
            slug = self._access.resolve_repo(repo)
        common = {"access": self._access, "writer": self._writer, "name": operation, "repo": slug}
        return {**common, "number": number, "once": check_key(once)}
