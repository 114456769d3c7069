"""Pull requests, with their files, commits and reviews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gitea_simulator import code_shapes, pull_shapes, shapes
from gitea_simulator.differences import write_diff
from gitea_simulator.paging import answer_page
from gitea_simulator.pull_shapes import pull_changes
from gitea_simulator.request_context import Refusal, answer, answer_text, no_content
from gitea_simulator.routes.code import PARTS, find_head
from gitea_simulator.routes.issue_changes import apply_fields, check_assignees, read_text, refuse_archived, set_state
from gitea_simulator.routes.issues import find_user
from gitea_simulator.routes.route import REPO, route

if TYPE_CHECKING:
    from starlette.responses import Response

    from gitea_simulator.records import Issue, Pull
    from gitea_simulator.request_context import Context

FORM: Final = "PullRequest"  # the name that Gitea's error has for what was sent
PULL: Final = f"{REPO}/pulls/{{number}}"


def find_pull(ctx: Context) -> tuple[Issue, Pull]:
    """Return the pull request in the path."""
    issue = ctx.repo.issues.get(ctx.number())
    if issue is None or issue.pull is None:
        raise Refusal(404, "not found")
    return issue, issue.pull


def list_pulls(ctx: Context) -> Response:
    """List pull requests: of all states unless one is given. A branch as their head is no filter."""
    query = ctx.query
    ids = [text for text in query.get("labels", "").split(",") if text]
    if not all(text.isdecimal() for text in ids):
        raise Refusal(500, "")
    poster = find_user(ctx, query["poster"]) if query.get("poster") else None
    state, milestone, base = query.get("state", ""), query.get("milestone", ""), query.get("base_branch", "")
    found = [
        issue
        for issue in ctx.repo.pulls
        if (state not in {"open", "closed"} or issue.state == state)
        and {int(text) for text in ids} <= {label.id for label in issue.labels}
        and (not milestone or (issue.milestone is not None and str(issue.milestone.id) == milestone))
        and (poster is None or issue.author is poster)
        and (not base or (issue.pull is not None and issue.pull.base == base))
    ]
    found.sort(key=lambda issue: issue.number, reverse=True)
    orders = {"oldest": lambda issue: issue.number, "recentupdate": lambda issue: -issue.updated}
    orders["leastupdate"] = lambda issue: issue.updated
    if order := orders.get(query.get("sort", "")):
        found.sort(key=order)
    return answer_page(
        ctx, found, lambda issue: pull_shapes.listed_pull(ctx.world, ctx.repo, issue, ctx.user), links=True
    )


def read_pull(ctx: Context) -> Response:
    """Tell a pull request."""
    issue, _ = find_pull(ctx)
    return answer(pull_shapes.pull(ctx.world, ctx.repo, issue, ctx.user))


def read_oldest_pull(ctx: Context) -> Response:
    """Tell the oldest pull request of two branches, whatever its state."""
    for issue in ctx.repo.pulls:
        if issue.pull and (issue.pull.base, issue.pull.head_branch) == (ctx.params["base"], ctx.params["head"]):
            return answer(pull_shapes.pull(ctx.world, ctx.repo, issue, ctx.user))
    raise Refusal(404, "not found")


def is_merged(ctx: Context) -> Response:
    """Tell whether a pull request was merged."""
    _, pull = find_pull(ctx)
    if pull.merged is None:
        raise Refusal(404, "not found")
    return no_content()


def pull_diff(ctx: Context) -> Response:
    """Tell the whole diff."""
    issue, _ = find_pull(ctx)
    return answer_text(write_diff(pull_changes(ctx.repo, issue)))


def list_files(ctx: Context) -> Response:
    """List the changed files."""
    issue, pull = find_pull(ctx)
    return answer_page(
        ctx,
        pull_changes(ctx.repo, issue),
        lambda change: pull_shapes.changed_file(ctx.world, ctx.repo, pull.head_sha, change),
        links=True,
        counts=True,
    )


def list_commits(ctx: Context) -> Response:
    """List the commits of a pull request, newest first."""
    _, pull = find_pull(ctx)
    git = ctx.repo.git
    commits = git.missing(pull.merge_base, pull.head_sha) if pull.merge_base else git.history(pull.head_sha)
    wanted = frozenset(part for part in PARTS if ctx.query.get(part, "true") != "false")
    return answer_page(
        ctx,
        commits,
        lambda commit: code_shapes.commit(ctx.world, ctx.repo, commit, wanted),
        links=True,
        counts=True,
    )


def list_reviews(ctx: Context) -> Response:
    """List the reviews, oldest first."""
    issue, pull = find_pull(ctx)
    return answer_page(ctx, pull.reviews, lambda review: shapes.review(ctx.world, ctx.repo, issue, review))


def create_pull(ctx: Context) -> Response:
    """Open a pull request, which everybody may who may read. A head that is merely behind is accepted."""
    caller, body, repo = ctx.caller, ctx.json(), ctx.repo
    refuse_archived(ctx)
    title, base, head = read_text(body, "title"), str(body.get("base") or ""), str(body.get("head") or "")
    if head == base:
        raise Refusal(422, f"Invalid {FORM}: There are no changes between the head and the base")
    source, branch = find_head(ctx, head)
    for where, name in ((repo, base), (source, branch)):
        if name not in where.git.branches:
            raise Refusal(404, f'ref "{name}" does not exist')
    for other in repo.pulls:
        pull = other.pull
        if pull and other.closed is None and (pull.head_repo, pull.head_branch, pull.base) == (source, branch, base):
            repos = f"head_repo_id: {source.id}, base_repo_id: {repo.id}"
            ids = f"id: {pull.id}, issue_id: {other.number}, {repos}, head_branch: {branch}, base_branch: {base}"
            raise Refusal(409, f"pull request already exists for these targets [{ids}]")
    check_assignees(ctx, body)
    text = str(body.get("body") or "")
    issue = ctx.world.open_pull(repo, caller, title, head=branch, base=base, body=text, head_repo=source)
    apply_fields(ctx, issue, body)
    return answer(pull_shapes.pull(ctx.world, repo, issue, caller), 201)


def edit_pull(ctx: Context) -> Response:
    """Change a pull request, which its author may and who may write."""
    caller, body = ctx.caller, ctx.json()
    issue, pull = find_pull(ctx)
    if caller is not issue.author and not ctx.may("write"):
        raise Refusal(403, None)
    if body.get("title"):
        ctx.world.set_title(issue, caller, str(body["title"]))
    if body.get("body") is not None:
        issue.body, issue.updated = str(body["body"]), ctx.world.now()
    if body.get("labels") is not None and ctx.may("write"):
        labels = [label for label in ctx.world.labels_of(ctx.repo) if label.id in body["labels"]]
        ctx.world.set_labels(issue, caller, labels, replace=True)
    if base := body.get("base"):
        if base not in ctx.repo.git.branches:
            raise Refusal(404, f"new base '{base}' not exist")
        pull.base = str(base)
    if body.get("state") is not None:
        set_state(ctx, issue, str(body["state"]))
    return answer(pull_shapes.pull(ctx.world, ctx.repo, issue, caller), 201)


ROUTES = (
    route("GET", f"{REPO}/pulls", "repository", list_pulls),
    route("POST", f"{REPO}/pulls", "repository", create_pull),
    route("GET", f"{PULL}.diff", "repository", pull_diff),
    route("GET", f"{PULL}/files", "repository", list_files),
    route("GET", f"{PULL}/commits", "repository", list_commits),
    route("GET", f"{PULL}/reviews", "repository", list_reviews),
    route("GET", f"{PULL}/merge", "repository", is_merged),
    route("GET", PULL, "repository", read_pull),
    route("PATCH", PULL, "repository", edit_pull),
    route("GET", f"{REPO}/pulls/{{base}}/{{head...}}", "repository", read_oldest_pull),
)
