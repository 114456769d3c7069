"""Pull requests, which GitLab calls merge requests, and the checks of commits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from forge_client.models.base import ForgeModel, Many, Moment, Text, nested
from forge_client.models.issues import Label, Milestone
from forge_client.models.server import User

Outcome = Literal["failing", "pending", "passing", "none"]

# Both forges take any word as the state of a status, as Gitea's captures show, so an unknown one counts as pending.
_FAILING = {"failure", "error"}
_PASSING = {"success", "warning", "skipped"}


class PullSide(ForgeModel):
    """One side of a pull request. `repository` is "" where the fork was deleted.

    After the branch of a head is deleted, its `ref` is `refs/pull/N/head`; `sha` stays.
    """

    ref: Text = ""
    sha: Text = ""
    label: Text = ""
    repository: Text = nested("repo", "full_name")


class PullRequest(ForgeModel):
    """A pull request. `merge_state` interprets its `mergeable`."""

    id: int = 0
    number: int
    title: str = ""
    body: Text = ""
    state: str = ""
    draft: bool = False
    merged: bool = False
    mergeable: bool | None = None
    author: Text = nested("user", "login")
    base: PullSide
    head: PullSide
    labels: Many[Label] = ()
    milestone: Milestone | None = None
    assignees: Many[User] = ()
    reviewers: Annotated[Many[User], Field(validation_alias="requested_reviewers")] = ()
    is_locked: bool = False
    comments: int = 0
    additions: int | None = None
    deletions: int | None = None
    changed_files: int | None = None
    merge_commit: Annotated[Text, Field(validation_alias="merge_commit_sha")] = ""
    merge_base: Text = ""
    url: Annotated[str, Field(validation_alias="html_url")] = ""
    created_at: Moment = None
    updated_at: Moment = None
    closed_at: Moment = None
    merged_at: Moment = None

    @property
    def merge_state(self) -> str:
        """Whether it can be merged, in words.

        Gitea 1.27 says `mergeable` false for a conflict and for a draft, and may say true while it is still checking.
        """
        if self.merged:
            return "merged"
        if self.state == "closed":
            return "closed without being merged"
        if self.draft:
            return "draft, which the forge does not merge"
        if self.mergeable:
            return "no conflict known (right after a push, the forge may still be checking)"
        return "conflicts with its base, or still being checked by the forge"


class PullsFound(ForgeModel):
    """The open pull requests that were looked for; `complete`: whether all open ones were searched."""

    pulls: tuple[PullRequest, ...] = ()
    complete: bool = True


class Review(ForgeModel):
    """A review of a pull request.

    Its `state` is APPROVED, REQUEST_CHANGES, COMMENT, PENDING or REQUEST_REVIEW; only an `official` one counts for a
    protected branch, and not if it is `stale` or `dismissed`.
    """

    id: int = 0
    author: Text = nested("user", "login")
    state: str = ""
    body: Text = ""
    commit: Annotated[Text, Field(validation_alias="commit_id")] = ""
    official: bool = False
    stale: bool = False
    dismissed: bool = False
    comments_count: int = 0
    submitted_at: Moment = None
    url: Annotated[str, Field(validation_alias="html_url")] = ""


class CommitStatus(ForgeModel):
    """The status that a system reports for a commit. `state` can be any word; each `context` has its newest status."""

    id: int = 0
    context: Text = ""
    state: Annotated[Text, Field(validation_alias="status")] = ""
    target_url: Text = ""
    description: Text = ""
    created_at: Moment = None
    updated_at: Moment = None

    @property
    def outcome(self) -> Outcome:
        """The meaning of its state."""
        return "failing" if self.state in _FAILING else "passing" if self.state in _PASSING else "pending"


class Checks(ForgeModel):
    """The newest status of each context of a commit. Empty as well for a commit that Forgejo does not know."""

    statuses: Many[CommitStatus] = ()
    total: Annotated[int, Field(validation_alias="total_count")] = 0

    @property
    def outcome(self) -> Outcome:
        """The meaning of all of them together."""
        outcomes = {status.outcome for status in self.statuses}
        order: tuple[Outcome, ...] = ("failing", "pending", "passing")
        return next((outcome for outcome in order if outcome in outcomes), "none")

    def linked_below(self, address: str) -> Checks:
        """Return those that link to a page below an address, such as that of a CI server.

        Contexts prove less: anyone may set one, and an administrator of the CI server can change its own.
        """
        root = address.rstrip("/").lower() + "/"
        found = tuple(status for status in self.statuses if status.target_url.lower().startswith(root))
        return Checks(statuses=found, total=len(found))
