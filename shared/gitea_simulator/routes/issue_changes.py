"""Changes of issues, comments and labels. What the caller may not set is dropped without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gitea_simulator import shapes
from gitea_simulator.request_context import Refusal, answer, no_content
from gitea_simulator.routes.issues import ISSUE, find_comment, find_issue
from gitea_simulator.routes.route import REPO, route

if TYPE_CHECKING:
    from starlette.responses import Response

    from gitea_simulator.records import Issue, User
    from gitea_simulator.request_context import Context

LOCKED: Final = {
    "en": "You cannot comment on a locked issue.",
    "de": "Du kannst einen gesperrten Issue nicht kommentieren.",
}


def refuse_archived(ctx: Context) -> None:
    """Refuse what an archived repository does not take."""
    if ctx.repo.archived:
        raise Refusal(423, "repo is archived")


def read_text(body: dict[str, Any], name: str) -> str:
    """Return a text that the body has to have."""
    text = str(body.get(name) or "")
    if not text:
        raise Refusal(422, f"[{name.capitalize()}]: Required")
    return text


def read_label_ids(body: dict[str, Any]) -> list[int]:
    """Return the ids of labels; a name there is an error of the decoder."""
    for index, value in enumerate(body.get("labels") or ()):
        if isinstance(value, str):
            place = f'within "/labels/{index}"'
            raise Refusal(422, f"[]: json: cannot unmarshal JSON string into Go int64 {place}")
    return list(body.get("labels") or ())


def apply_fields(ctx: Context, issue: Issue, body: dict[str, Any]) -> None:
    """Set labels, milestone and assignees of a new issue, if the caller may; unknown ids are dropped."""
    ids = read_label_ids(body)
    users = [ctx.world.users.get(str(login).lower()) for login in body.get("assignees") or ()]
    if not ctx.may("write"):
        return
    labels = [label for label in ctx.world.labels_of(ctx.repo) if label.id in ids]
    milestone = next((one for one in ctx.repo.milestones if one.id == body.get("milestone")), None)
    ctx.world.set_labels(issue, ctx.caller, labels)
    ctx.world.set_milestone(issue, ctx.caller, milestone)
    ctx.world.set_assignees(issue, ctx.caller, [user for user in users if user])


def check_assignees(ctx: Context, body: dict[str, Any]) -> None:
    """Refuse a login that nobody has."""
    for login in body.get("assignees") or ():
        if str(login).lower() not in ctx.world.users and ctx.may("write"):
            raise Refusal(422, f"Assignee does not exist: [name: user does not exist [uid: 0, name: {login}]]")


def create_issue(ctx: Context) -> Response:
    """Create an issue, which everybody may who may read."""
    caller, body = ctx.caller, ctx.json()
    if not ctx.repo.has_issues:
        raise Refusal(403, "user should have specific read permission or be a repo admin or a site admin")
    refuse_archived(ctx)
    read_label_ids(body)
    title = read_text(body, "title")
    check_assignees(ctx, body)
    issue = ctx.world.create_issue(ctx.repo, caller, title, str(body.get("body") or ""))
    apply_fields(ctx, issue, body)
    return answer(shapes.issue(ctx.world, ctx.repo, issue), 201)


def edit_issue(ctx: Context) -> Response:
    """Change an issue, which its author may and who may write; also in an archived repository."""
    caller, issue, body = ctx.caller, find_issue(ctx), ctx.json()
    world = ctx.world
    if caller is not issue.author and not ctx.may("write"):
        raise Refusal(403, None)
    version = body.get("content_version")
    if version is not None and version != issue.content_version and body.get("body") is not None:
        raise Refusal(409, "the issue is already changed")
    if body.get("title"):
        world.set_title(issue, caller, str(body["title"]))
    if body.get("body") is not None and body["body"] != issue.body:
        issue.body, issue.content_version = str(body["body"]), issue.content_version + 1
        issue.updated = world.now()
        world.index(issue)
    if ctx.may("write"):
        _edit_fields(ctx, issue, caller, body)
    if body.get("state") is not None:
        set_state(ctx, issue, str(body["state"]))
    return answer(shapes.issue(world, ctx.repo, issue), 201)


def _edit_fields(ctx: Context, issue: Issue, caller: User, body: dict[str, Any]) -> None:
    """Set milestone and assignees; of unknown ones, the server fails."""
    if body.get("assignees") is not None:
        users = [ctx.world.users.get(str(login).lower()) for login in body["assignees"]]
        if None in users:
            raise Refusal(500, "")
        ctx.world.set_assignees(issue, caller, [user for user in users if user])
    if (wanted := body.get("milestone")) is not None:
        milestone = next((one for one in ctx.repo.milestones if one.id == wanted), None)
        if wanted and milestone is None:
            raise Refusal(500, "")
        ctx.world.set_milestone(issue, caller, milestone)


def set_state(ctx: Context, issue: Issue, state: str) -> None:
    """Close or reopen an issue or pull request, where its state allows that."""
    if state not in {"open", "closed"}:
        raise Refusal(412, f"unknown state: {state}")
    if issue.pull and issue.pull.merged:
        raise Refusal(412, "cannot change state of this pull request, it was already merged")
    if state == "closed" and any(blocker.closed is None for blocker in issue.blockers):
        raise Refusal(412, "cannot close this issue or pull request because it still has open dependencies")
    ctx.world.set_state(issue, ctx.caller, state)


def create_comment(ctx: Context) -> Response:
    """Comment on an issue or pull request. Of one that is not there, the server fails."""
    caller, body = ctx.caller, ctx.json()
    refuse_archived(ctx)
    text = read_text(body, "body")
    issue = ctx.repo.issues.get(ctx.number())
    if issue is None:
        raise Refusal(500, "")
    if issue.is_locked and not ctx.may("write"):
        language = ctx.request.headers.get("accept-language", "en")[:2]
        raise Refusal(403, LOCKED.get(language, LOCKED["en"]))
    made = ctx.world.comment(issue, caller, text)
    return answer(shapes.comment(ctx.world, ctx.repo, issue, made), 201)


def edit_comment(ctx: Context) -> Response:
    """Change a comment, which its author may and who may write."""
    caller, body = ctx.caller, ctx.json()
    issue, comment = find_comment(ctx)
    if caller is not comment.user and not ctx.may("write"):
        raise Refusal(403, None)
    comment.body, comment.updated = str(body.get("body") or ""), ctx.world.now()
    issue.updated = ctx.world.now()
    ctx.world.index(issue)
    return answer(shapes.comment(ctx.world, ctx.repo, issue, comment))


def delete_comment(ctx: Context) -> Response:
    """Delete a comment."""
    caller = ctx.caller
    issue, comment = find_comment(ctx)
    if caller is not comment.user and not ctx.may("write"):
        raise Refusal(403, None)
    issue.events.remove(comment)
    return no_content()


def _change_labels(ctx: Context, *, replace: bool) -> Response:
    caller, issue = ctx.caller, find_issue(ctx)
    if not ctx.may("write"):
        raise Refusal(403, "write permission is required")
    wanted = ctx.json().get("labels") or []
    if len({type(value) for value in wanted}) > 1:
        raise Refusal(400, "labels should be an array of strings or integers")
    # By ids or by names; unknown ones are left out.
    labels = [label for label in ctx.world.labels_of(ctx.repo) if label.id in wanted or label.name in wanted]
    ctx.world.set_labels(issue, caller, labels, replace=replace)
    return answer([shapes.label(ctx.world, ctx.repo, label) for label in issue.labels])


def add_labels(ctx: Context) -> Response:
    """Add labels to an issue."""
    return _change_labels(ctx, replace=False)


def replace_labels(ctx: Context) -> Response:
    """Give an issue these labels and no others."""
    return _change_labels(ctx, replace=True)


def remove_label(ctx: Context) -> Response:
    """Take a label off an issue, by its id; one that it does not have is no error."""
    caller, issue = ctx.caller, find_issue(ctx)
    text = ctx.params["label"]
    wanted = int(text) if text.isdecimal() else 0
    if not any(label.id == wanted for label in ctx.world.labels_of(ctx.repo)):
        raise Refusal(404, f"label does not exist [label_id: {wanted}, org_id: {ctx.repo.owner.id}]")
    if not ctx.may("write"):
        raise Refusal(403, "write permission is required")
    kept = [label for label in issue.labels if label.id != wanted]
    ctx.world.set_labels(issue, caller, kept, replace=True)
    return no_content()


def create_label(ctx: Context) -> Response:
    """Create a label; there may be one of that name already."""
    body, _ = ctx.json(), ctx.caller
    name, color = read_text(body, "name"), read_text(body, "color")
    if not ctx.may("write"):
        raise Refusal(403, "write permission is required")
    made = ctx.world.add_label(ctx.repo, name, color, description=str(body.get("description") or ""))
    return answer(shapes.label(ctx.world, ctx.repo, made), 201)


ROUTES = (
    route("POST", f"{REPO}/issues", "issue", create_issue),
    route("PATCH", f"{REPO}/issues/comments/{{comment}}", "issue", edit_comment),
    route("DELETE", f"{REPO}/issues/comments/{{comment}}", "issue", delete_comment),
    route("PATCH", ISSUE, "issue", edit_issue),
    route("POST", f"{ISSUE}/comments", "issue", create_comment),
    route("POST", f"{ISSUE}/labels", "issue", add_labels),
    route("PUT", f"{ISSUE}/labels", "issue", replace_labels),
    route("DELETE", f"{ISSUE}/labels/{{label}}", "issue", remove_label),
    route("POST", f"{REPO}/labels", "issue", create_label),
)
