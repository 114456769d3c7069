"""The calls about issues, and about what pull requests share with them: labels, comments and the timeline.

Routes, parameters and answers are those of go-gitea/gitea v1.27.3, routers/api/v1/repo/issue*.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_http.call import Call, make_query, quote_input
from ci_mcp_kit.errors import InvalidInput
from forge_client.gitea.call_builders import LARGEST_PAGE, page_params, repo_get
from forge_client.gitea.responses import read_as, read_page
from forge_client.models.issues import Comment, Issue, Label, Milestone, TimelineEvent
from forge_client.names import check_filter

if TYPE_CHECKING:
    from datetime import datetime

    from forge_client.models.base import Page
    from forge_client.requests import IssueFilter


def labels(repo: str, page: int = 1) -> Call[Page[Label]]:
    """List a page of the repository's own labels."""
    return repo_get("labels.list", "the labels", repo, "/labels", read_page(Label), params=page_params(page))


def milestones(repo: str, page: int = 1) -> Call[Page[Milestone]]:
    """List a page of the milestones, closed ones too."""
    params = (*page_params(page), ("state", "all"))
    return repo_get("milestones.list", "the milestones", repo, "/milestones", read_page(Milestone), params=params)


def issues(repo: str, wanted: IssueFilter, page: int = 1, limit: int = 30) -> Call[Page[Issue]]:
    """List a page of issues without pull requests, newest first.

    Several labels mean all of them. An unknown label or milestone would mean no filter, so they are looked up first.
    """
    for name in (*wanted.labels, wanted.milestone):
        # Gitea splits both parameters at commas, and drops the parts that it does not know.
        if "," in name:
            raise InvalidInput(f"A forge cannot filter by {quote_input(name)}, because of its comma")
    params = make_query(
        # Sent always: without `type` pull requests come, too.
        state=wanted.state,
        type="issues",
        labels=check_filter(",".join(wanted.labels)),
        milestones=check_filter(wanted.milestone),
        q=check_filter(wanted.text),
        created_by=check_filter(wanted.author),
        assigned_by=check_filter(wanted.assignee),
        mentioned_by=check_filter(wanted.mentioned),
        since=wanted.updated_after.isoformat() if wanted.updated_after else "",
    )
    params = (*page_params(page, limit), *params)
    return repo_get("issues.list", "the issues", repo, "/issues", read_page(Issue), params=params)


def issue(repo: str, number: int) -> Call[Issue]:
    """Read an issue, or a pull request as one."""
    return repo_get("issues.get", f"issue {number}", repo, "/issues/{number}", read_as(Issue), number=number)


def blockers(repo: str, number: int) -> Call[tuple[Issue, ...]]:
    """List the issues that must be closed before this one."""
    what, template = f"the blockers of issue {number}", "/issues/{number}/dependencies"
    return repo_get("issues.blockers", what, repo, template, read_as(tuple[Issue, ...]), number=number)


def blocked(repo: str, number: int) -> Call[tuple[Issue, ...]]:
    """List the issues that wait for this one."""
    what, template = f"the issues blocked by issue {number}", "/issues/{number}/blocks"
    return repo_get("issues.blocked", what, repo, template, read_as(tuple[Issue, ...]), number=number)


def comments_since(repo: str, number: int, since: datetime) -> Call[tuple[Comment, ...]]:
    """List the comments that were made or edited since a moment, oldest first; the route has no paging."""
    params = (("since", since.isoformat()),)
    reader = read_as(tuple[Comment, ...])
    what, template = f"the comments of issue {number}", "/issues/{number}/comments"
    return repo_get("comments.list", what, repo, template, reader, params=params, number=number)


def comment(repo: str, comment: int) -> Call[Comment]:
    """Read a comment by its id."""
    template = "/issues/comments/{comment}"
    return repo_get("comments.get", f"comment {comment}", repo, template, read_as(Comment), comment=comment)


def timeline(repo: str, number: int, page: int = 1, limit: int = LARGEST_PAGE) -> Call[tuple[TimelineEvent, ...]]:
    """List a page of the timeline, oldest first. No total comes with it: a page that is not full is the last."""
    # With the page always: Forgejo 12 ignores the limit without one, and sends everything. Past the end comes `null`.
    reader = read_as(tuple[TimelineEvent, ...] | None)
    what, template = f"the timeline of issue {number}", "/issues/{number}/timeline"
    params = page_params(page, limit)
    return repo_get("issues.timeline", what, repo, template, reader, params=params, number=number)
