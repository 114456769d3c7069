"""The calls that change something, as `forge_client.forge.ForgeWrites` lists them.

A title or a text is checked before it is sent, and what the forge answers is compared with what it was sent.
Routes, parameters and answers are those of go-gitea/gitea v1.27.3, routers/api/v1/repo/issue*.go and pull.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ci_mcp_kit.errors import InvalidInput
from forge_client.gitea.call_builders import repo_change
from forge_client.gitea.responses import read_as
from forge_client.gitea.write_verification import read_labels, read_written
from forge_client.models.issues import Comment, Issue
from forge_client.models.pulls import PullRequest
from forge_client.names import check_head, check_ref
from forge_client.text_checks import check_body, check_title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_mcp_http.call import Call
    from forge_client.models.issues import Label, Milestone
    from forge_client.requests import IssueChanges, PullChanges, Written


def create_issue(
    repo: str,
    title: str,
    body: str = "",
    *,
    labels: Sequence[Label] = (),
    milestone: Milestone | None = None,
    assignees: Sequence[str] = (),
) -> Call[Written[Issue]]:
    """Create an issue, each time anew."""
    content = _new_content(title, body, labels, milestone, assignees)
    reader = read_written(Issue)
    return repo_change("issues.create", "the issues", "POST", repo, "/issues", reader, content, idempotent=False)


def update_issue(repo: str, number: int, changes: IssueChanges) -> Call[Written[Issue]]:
    """Change the given fields of an issue; labels have calls of their own, as this one ignores them.

    With a content version, Gitea from 1.27 on refuses (409) where the body was edited since; Forgejo 12 ignores it.
    """
    content = _changed_content(changes)
    if changes.milestone is not None:
        content["milestone"] = changes.milestone.id if changes.milestone != "none" else 0
    if changes.assignees is not None:
        content["assignees"] = list(changes.assignees)
    if not content:
        raise InvalidInput("Nothing to change is given")
    if changes.content_version is not None:
        content["content_version"] = changes.content_version
    # With a version, the same call again would be refused.
    again = changes.content_version is None
    what, template, reader = f"issue {number}", "/issues/{number}", read_written(Issue)
    return repo_change("issues.update", what, "PATCH", repo, template, reader, content, idempotent=again, number=number)


def add_labels(repo: str, number: int, labels: Sequence[Label]) -> Call[Written[tuple[Label, ...]]]:
    """Add labels to an issue or pull request. An exclusive one takes the place of the one that it excludes."""
    return _change_labels("labels.add", "POST", repo, number, labels)


def set_labels(repo: str, number: int, labels: Sequence[Label]) -> Call[Written[tuple[Label, ...]]]:
    """Give an issue or pull request these labels and no others."""
    return _change_labels("labels.set", "PUT", repo, number, labels)


def remove_label(repo: str, number: int, label: Label) -> Call[None]:
    """Take a label off an issue or pull request; one that it does not have is no error."""
    what, template = f"the labels of issue {number}", "/issues/{number}/labels/{label}"
    return repo_change("labels.remove", what, "DELETE", repo, template, read_as(None), number=number, label=label.id)


def create_comment(repo: str, number: int, body: str) -> Call[Comment]:
    """Comment on an issue or pull request, each time anew."""
    what, template, content = f"the comments of issue {number}", "/issues/{number}/comments", {"body": check_body(body)}
    return repo_change(
        "comments.create", what, "POST", repo, template, read_as(Comment), content, idempotent=False, number=number
    )


def update_comment(repo: str, comment: int, body: str) -> Call[Comment]:
    """Replace the text of a comment. Whoever may write in the repository may do this to the comments of others."""
    template, content = "/issues/comments/{comment}", {"body": check_body(body)}
    return repo_change(
        "comments.update", f"comment {comment}", "PATCH", repo, template, read_as(Comment), content, comment=comment
    )


def create_pull(
    repo: str,
    title: str,
    body: str = "",
    *,
    head: str,
    base: str,
    draft: bool = False,
    labels: Sequence[Label] = (),
    milestone: Milestone | None = None,
    assignees: Sequence[str] = (),
) -> Call[Written[PullRequest]]:
    """Open a pull request from a branch, or from `user:branch` of a fork.

    An open one of the same two branches is a conflict. A head without changes is taken, so compare first. Whether a
    draft became one is in the answer: an administrator can set other beginnings of its title.
    """
    # By default a draft is one whose title begins so (go-gitea/gitea v1.27.3, custom/conf/app.example.ini,
    # WORK_IN_PROGRESS_PREFIXES).
    full_title = f"WIP: {check_title(title)}" if draft else title
    branches = {"head": check_head(head), "base": check_ref(base)}
    content = _new_content(full_title, body, labels, milestone, assignees) | branches
    reader = read_written(PullRequest)
    return repo_change("pulls.create", "the pull requests", "POST", repo, "/pulls", reader, content, idempotent=False)


def update_pull(repo: str, number: int, changes: PullChanges) -> Call[Written[PullRequest]]:
    """Change the given fields of a pull request."""
    content = _changed_content(changes)
    if changes.base is not None:
        content["base"] = check_ref(changes.base)
    if not content:
        raise InvalidInput("Nothing to change is given")
    what, template, reader = f"pull request {number}", "/pulls/{number}", read_written(PullRequest)
    return repo_change("pulls.update", what, "PATCH", repo, template, reader, content, number=number)


def _new_content(
    title: str, body: str, labels: Sequence[Label], milestone: Milestone | None, assignees: Sequence[str]
) -> dict[str, Any]:
    """Return the fields that a new issue or pull request is sent with. Labels and milestones go by their ids."""
    content: dict[str, Any] = {"title": check_title(title)}
    if body:
        content["body"] = check_body(body)
    if labels:
        content["labels"] = [label.id for label in labels]
    if milestone:
        content["milestone"] = milestone.id
    if assignees:
        content["assignees"] = list(assignees)
    return content


def _changed_content(changes: IssueChanges | PullChanges) -> dict[str, Any]:
    """Return what changes of an issue or pull request alike."""
    content: dict[str, Any] = {}
    if changes.title is not None:
        content["title"] = check_title(changes.title)
    if changes.body is not None:
        content["body"] = check_body(changes.body) if changes.body else ""
    if changes.state is not None:
        content["state"] = changes.state
    return content


def _change_labels(
    operation: str, method: str, repo: str, number: int, labels: Sequence[Label]
) -> Call[Written[tuple[Label, ...]]]:
    # By id: unknown names are ignored, and names are not unique.
    content = {"labels": [label.id for label in labels]}
    what, template = f"the labels of issue {number}", "/issues/{number}/labels"
    return repo_change(operation, what, method, repo, template, read_labels, content, number=number)
