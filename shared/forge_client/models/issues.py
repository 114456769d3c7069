"""Issues, and what hangs on them; a pull request has comments, labels and a timeline as an issue has."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated

from pydantic import AliasPath, Field

from forge_client.models.base import ForgeModel, Many, Moment, Text, nested
from forge_client.models.server import User


class Label(ForgeModel):
    """A label of a repository or of its organisation. Names are not unique; case matters.

    Of the exclusive labels with the same words before the last slash, an issue has at most one.
    """

    id: int
    name: str
    color: Text = ""
    description: Text = ""
    exclusive: bool = False
    is_archived: bool = False


class Milestone(ForgeModel):
    """A milestone of a repository. Its `state` is open or closed."""

    id: int
    title: str
    state: Text = ""
    description: Text = ""
    open_issues: int = 0
    closed_issues: int = 0
    due_on: Moment = None


class PullMark(ForgeModel):
    """The fields of an issue that is a pull request."""

    draft: bool = False
    merged: bool = False
    merged_at: Moment = None


class Issue(ForgeModel):
    """An issue, or a pull request as one. `comments` also counts reviews that have a text.

    `content_version` counts the edits of the body in Gitea from 1.27 on; other forges do not have it.
    """

    id: int = 0
    number: int
    title: str = ""
    body: Text = ""
    state: str = ""
    author: Text = nested("user", "login")
    labels: Many[Label] = ()
    milestone: Milestone | None = None
    assignees: Many[User] = ()
    comments: int = 0
    is_locked: bool = False
    pull_request: PullMark | None = None
    repository: Text = nested("repository", "full_name")
    url: Annotated[str, Field(validation_alias="html_url")] = ""
    created_at: Moment = None
    updated_at: Moment = None
    closed_at: Moment = None
    due_on: Annotated[Moment, Field(validation_alias="due_date")] = None
    content_version: int | None = None

    @property
    def version(self) -> str:
        """A short text that an edit of the issue changes, for a caller to bring back with an edit of its own.

        Not made from `updated_at`, which every comment and reference changes as well.
        """
        labels = sorted(label.id for label in self.labels)
        assignees = sorted(user.login for user in self.assignees)
        milestone = self.milestone.id if self.milestone else 0
        facts = [self.title, self.body, self.state, labels, milestone, assignees, self.content_version]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]


class Comment(ForgeModel):
    """A comment on an issue or a pull request."""

    id: int
    author: Text = nested("user", "login")
    body: Text = ""
    created_at: Moment = None
    updated_at: Moment = None
    url: Annotated[str, Field(validation_alias="html_url")] = ""


class TimelineEvent(Comment):
    """One entry of an issue's history, of which a comment is one `type`.

    In Gitea and Forgejo the body of a `label` is "1" where it was added and "" where it was removed, and that of a
    `pull_push` is JSON with `is_force_push` and `commit_ids` (go-gitea/gitea v1.27.3, models/issues/comment.go).
    `issue` is the number of the issue that refers to this one.
    """

    type: str
    label: Text = nested("label", "name")
    milestone: Text = nested("milestone", "title")
    assignee: Text = nested("assignee", "login")
    removed_assignee: bool = False
    old_title: Text = ""
    new_title: Text = ""
    issue: Annotated[int, Field(validation_alias=AliasPath("ref_issue", "number"))] = 0
    commit: Annotated[Text, Field(validation_alias="ref_commit_sha")] = ""
    review_id: int = 0

    @property
    def is_comment(self) -> bool:
        """Whether a person reads it as a comment: one, or a review with a text."""
        return self.type == "comment" or (self.type == "review" and self.body != "")
