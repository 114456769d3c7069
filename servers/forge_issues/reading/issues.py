"""Answers `drone_list_issues` and `drone_get_issue`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_logs.line_budget import new_nonce
from forge_client.errors import RepositoryRenamed
from forge_client.name_lookup import find_users
from forge_issues.quoting import (
    LARGEST_ANSWER,
    NAME_WIDTH,
    day,
    find_builds,
    fit,
    minute,
    name_labels,
    name_users,
    quote_text,
)
from forge_issues.reading.views import CommentView, IssueLine, IssueList, IssueView

if TYPE_CHECKING:
    from forge_access.access import ForgeAccess
    from forge_client.forge import Forge
    from forge_client.models.base import Page
    from forge_client.models.issues import Comment, Issue
    from forge_client.requests import IssueFilter

PAGE: Final = 20
LARGEST_LIST: Final = 1_000  # tokens of a page
TITLE_WIDTH: Final = 200
TITLES: Final = (70, 45, 25, 12)  # characters of a title in a list, by how much room there is
TEXTS: Final = (3_000, 1_200, 500, 150, 40)  # characters of an issue's text and of all comments, likewise
MOST_REQUESTS: Final = 3
FEW_COMMENTS: Final = 50  # that one request reads, so that one is left for the blockers


async def list_issues(access: ForgeAccess, repo: str, wanted: IssueFilter, page: int) -> IssueList:
    """List a page of issues. At most three requests: the labels and the milestones of the filter, the list."""

    async def ask(forge: Forge, name: str, *, is_brief: bool = False) -> IssueList:
        spent = 1 + is_brief + bool(wanted.labels) + bool(wanted.milestone)
        if spent > MOST_REQUESTS:
            raise RepositoryRenamed(repo, name)
        logins = [one for one in (wanted.author, wanted.assignee) if one]
        try:
            found = await forge.issues(name, wanted, page, PAGE)
        except InvalidInput as refused:
            # The forge says that there is no such user, and not which ones there are.
            if refused.status is not None and logins and spent < MOST_REQUESTS:
                find_users(logins, await forge.assignees(name))
            raise
        return fit(partial(_list, name, wanted, found), TITLES, LARGEST_LIST)

    return await access.ask_forge(repo, ask, partial(ask, is_brief=True))


def _list(repo: str, wanted: IssueFilter, found: Page[Issue], width: int) -> IssueList:
    lines = tuple(
        IssueLine(
            number=issue.number,
            title=one_line(issue.title, width),
            state=issue.state if wanted.state == "all" else "",
            author=one_line(issue.author, min(width, NAME_WIDTH)),
            labels=name_labels(issue.labels, 3 if width > TITLES[-1] else 1, width // 2),
            comments=issue.comments or None,
            updated=day(issue.updated_at),
        )
        for issue in found.items
    )
    next_step = "" if lines else "No issue matches; leave out a filter, or list state all"
    return IssueList(repo=repo, issues=lines, total=found.total, next_page=found.next_page, next_step=next_step)


@dataclass(frozen=True, slots=True)
class _Facts:
    repo: str
    issue: Issue
    comments: tuple[Comment, ...]
    blockers: tuple[Issue, ...]
    notes: tuple[str, ...]
    server: str
    nonce: str


async def get_issue(access: ForgeAccess, repo: str, number: int, count: int) -> IssueView:
    """Read an issue. At most three requests: the issue, its open blockers, its last comments.

    The comments of one that has many take two requests, and its blockers are not read then, nor where one request has
    told the new name of the repository.
    """

    async def ask(forge: Forge, name: str, *, is_brief: bool = False) -> IssueView:
        issue = await forge.issue(name, number)
        comments = await forge.last_comments(name, issue, count) if count else ()
        blockers: tuple[Issue, ...] = ()
        notes: tuple[str, ...] = ()
        if issue.state == "open" and issue.pull_request is None:
            if is_brief and count:
                notes = ("Whether other issues block it was not read: the repository has a new name. Call again",)
            elif count and issue.comments > FEW_COMMENTS:
                notes = ("Whether other issues block it was not read: its history is long. Call with comments 0",)
            else:
                blockers = await forge.blockers(name, number)
        server = access.settings.server
        facts = _Facts(name, issue, comments, blockers, notes, server, new_nonce())
        return fit(partial(_show, facts), TEXTS, LARGEST_ANSWER)

    return await access.ask_forge(repo, ask, partial(ask, is_brief=True))


def _show(facts: _Facts, width: int) -> IssueView:
    issue, comments = facts.issue, facts.comments
    each = max(40, width // max(1, len(comments)))
    return IssueView(
        repo=facts.repo,
        number=issue.number,
        title=one_line(issue.title, TITLE_WIDTH),
        state=issue.state,
        version=issue.version,
        author=one_line(issue.author, NAME_WIDTH),
        labels=name_labels(issue.labels, 10),
        milestone=one_line(issue.milestone.title, NAME_WIDTH) if issue.milestone else "",
        assignees=name_users(issue.assignees[:10]),
        created=minute(issue.created_at),
        updated=minute(issue.updated_at),
        closed=minute(issue.closed_at),
        locked=issue.is_locked or None,
        body=quote_text(issue.body, facts.nonce, width),
        comments=tuple(
            CommentView(
                author=one_line(one.author, NAME_WIDTH),
                created=minute(one.created_at),
                text=quote_text(one.body, facts.nonce, each),
            )
            for one in comments
        ),
        total_comments=issue.comments or None,
        builds=find_builds([issue.body, *(one.body for one in comments)], facts.server),
        blocked_by=tuple(
            f"#{one.number} {one_line(one.title, NAME_WIDTH)}" for one in facts.blockers if one.state == "open"
        )[:10],
        page=one_line(issue.url, 300),
        notes=facts.notes,
        next_step=f"It is a pull request: drone_get_pull_request with number {issue.number}"
        if issue.pull_request
        else "",
    )
