"""Issues, their comments and timelines, labels and milestones: reading."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Final

from gitea_simulator import shapes
from gitea_simulator.paging import MOST, answer_page, read_page
from gitea_simulator.request_context import Refusal, answer
from gitea_simulator.routes.route import REPO, route

if TYPE_CHECKING:
    from starlette.responses import Response

    from gitea_simulator.records import Event, Issue, User
    from gitea_simulator.request_context import Context

_WORDS: Final = re.compile(r"[^\W_]+")
ISSUE: Final = f"{REPO}/issues/{{number}}"


def find_issue(ctx: Context) -> Issue:
    """Return the issue in the path, which may be a pull request."""
    issue = ctx.repo.issues.get(ctx.number())
    if issue is None or (issue.pull is None and not ctx.repo.has_issues):
        raise Refusal(404, "not found")
    return issue


def find_user(ctx: Context, login: str) -> User:
    """Return the user of a login."""
    user = ctx.world.users.get(login.lower())
    if user is None:
        raise Refusal(404, f"user does not exist [uid: 0, name: {login}]")
    return user


def read_moment(text: str) -> float | None:
    """Return the time that a filter gives."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        form = "2006-01-02T15:04:05Z07:00"
        raise Refusal(422, f'parsing time "{text}" as "{form}": cannot parse "{text}" as "2006"') from None


def list_issues(ctx: Context) -> Response:
    """List issues, and pull requests among them, newest first."""
    kind = ctx.query.get("type", "")
    if kind == "issues" and not ctx.repo.has_issues:
        raise Refusal(404, "not found")
    found = [issue for issue in ctx.repo.issues.values() if _is_wanted(ctx, issue, kind)]
    found.sort(key=lambda issue: (issue.created, issue.id), reverse=True)
    return answer_page(ctx, found, lambda issue: shapes.issue(ctx.world, ctx.repo, issue), links=True)


def _is_wanted(ctx: Context, issue: Issue, kind: str) -> bool:
    """Check an issue against the filters: a label, milestone or state that is not known is no filter."""
    query = ctx.query
    since, before = read_moment(query.get("since", "")), read_moment(query.get("before", ""))
    people = {
        name: find_user(ctx, query[name]) for name in ("created_by", "assigned_by", "mentioned_by") if query.get(name)
    }
    state = query.get("state", "open")
    known = {label.name for label in ctx.repo.labels}
    labels = {name for name in query.get("labels", "").split(",") if name in known}
    titles = {milestone.title for milestone in ctx.repo.milestones}
    milestones = {name for name in query.get("milestones", "").split(",") if name in titles}
    text = query.get("q", "").strip()
    return (
        (issue.pull is None) is not {"issues": False, "pulls": True}.get(kind)
        and (state == "all" or issue.state == (state if state == "closed" else "open"))
        and labels <= {label.name for label in issue.labels}
        and (not milestones or (issue.milestone is not None and issue.milestone.title in milestones))
        and (since is None or issue.updated >= since)
        and (before is None or issue.updated <= before)
        and ("created_by" not in people or issue.author is people["created_by"])
        and ("assigned_by" not in people or people["assigned_by"] in issue.assignees)
        and ("mentioned_by" not in people or _mentions(issue, people["mentioned_by"]))
        and (not text or _matches(ctx, issue, text))
    )


def _mentions(issue: Issue, user: User) -> bool:
    texts = (issue.body, *(comment.body for comment in issue.comments))
    return any(re.search(rf"@{re.escape(user.login)}\b", text) for text in texts)


def _matches(ctx: Context, issue: Issue, text: str) -> bool:
    """Search as bleve does: for whole words in this order, in any case, in the title, the body or a comment.

    A number is searched for in the database: also as a part of a word, and at once.
    """
    texts = (issue.title, issue.body, *(comment.body for comment in issue.comments))
    if text.isdecimal():
        return int(text) == issue.number or any(text in one for one in texts)
    return ctx.world.clock() >= issue.found_from and any(_words(text) in _words(one) for one in texts)


def _words(text: str) -> str:
    return f" {' '.join(_WORDS.findall(text.lower()))} "


def read_issue(ctx: Context) -> Response:
    """Tell an issue."""
    return answer(shapes.issue(ctx.world, ctx.repo, find_issue(ctx)))


def list_blockers(ctx: Context) -> Response:
    """List the issues that must be closed first."""
    blockers = find_issue(ctx).blockers
    return answer_page(ctx, blockers, lambda issue: shapes.issue(ctx.world, ctx.repo, issue))


def list_blocked(ctx: Context) -> Response:
    """List the issues that wait for this one."""
    issue = find_issue(ctx)
    blocked = [other for other in ctx.repo.issues.values() if issue in other.blockers]
    return answer([shapes.issue(ctx.world, ctx.repo, other) for other in blocked])


def list_comments(ctx: Context) -> Response:
    """List all comments: there are no pages. Of an issue that is not there, the server fails."""
    issue = ctx.repo.issues.get(ctx.number())
    if issue is None:
        raise Refusal(500, "")
    comments = [comment for comment in issue.comments if _is_within(ctx, comment)]
    headers = {"x-total-count": str(len(comments)), "access-control-expose-headers": "X-Total-Count"}
    return answer([shapes.comment(ctx.world, ctx.repo, issue, one) for one in comments], headers=headers)


def _is_within(ctx: Context, event: Event) -> bool:
    since, before = read_moment(ctx.query.get("since", "")), read_moment(ctx.query.get("before", ""))
    return (since is None or event.updated >= since) and (before is None or event.updated <= before)


def find_comment(ctx: Context) -> tuple[Issue, Event]:
    """Return the comment in the path and its issue."""
    wanted = ctx.number("comment")
    for issue in ctx.repo.issues.values():
        for comment in issue.comments:
            if comment.id == wanted:
                return issue, comment
    raise Refusal(404, f"comment does not exist [id: {wanted}, issue_id: 0]")


def read_comment(ctx: Context) -> Response:
    """Tell a comment."""
    return answer(shapes.comment(ctx.world, ctx.repo, *find_comment(ctx)))


def list_timeline(ctx: Context) -> Response:
    """List a page of a timeline. Its total is the length of the page, and a page past the end is null."""
    issue = find_issue(ctx)
    page, size = read_page(ctx)
    events = [event for event in issue.events if _is_within(ctx, event)][(page - 1) * min(size, MOST) : page * size]
    shown = [shapes.event(ctx.world, ctx.repo, issue, event) for event in events]
    headers = {"x-total-count": str(len(shown)), "access-control-expose-headers": "X-Total-Count"}
    return answer(shown or None, headers=headers)


def list_labels(ctx: Context) -> Response:
    """List the labels of a repository, by name."""
    labels = sorted(ctx.repo.labels, key=lambda label: label.name)
    return answer_page(ctx, labels, lambda label: shapes.label(ctx.world, ctx.repo, label))


def list_milestones(ctx: Context) -> Response:
    """List the milestones; those without a date, then by date."""
    state = ctx.query.get("state", "open")
    found = [one for one in ctx.repo.milestones if state == "all" or one.state == (state or "open")]
    found.sort(key=lambda milestone: milestone.due or 0)
    return answer_page(ctx, found, lambda milestone: shapes.milestone(ctx.repo, milestone))


ROUTES = (
    route("GET", f"{REPO}/issues", "issue", list_issues),
    route("GET", f"{REPO}/issues/comments/{{comment}}", "issue", read_comment),
    route("GET", ISSUE, "issue", read_issue),
    route("GET", f"{ISSUE}/dependencies", "issue", list_blockers),
    route("GET", f"{ISSUE}/blocks", "issue", list_blocked),
    route("GET", f"{ISSUE}/comments", "issue", list_comments),
    route("GET", f"{ISSUE}/timeline", "issue", list_timeline),
    route("GET", f"{REPO}/labels", "issue", list_labels),
    route("GET", f"{REPO}/milestones", "issue", list_milestones),
)
