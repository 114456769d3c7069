"""The interface of a forge, whichever program is behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from ci_mcp_http.call import Call
    from forge_client.models.base import Page
    from forge_client.models.code import (
        Branch,
        BranchProtection,
        ChangedFile,
        Commit,
        Comparison,
        Entry,
        FileContent,
        Tag,
        Tree,
    )
    from forge_client.models.issues import Comment, Issue, Label, Milestone, TimelineEvent
    from forge_client.models.pulls import Checks, PullRequest, PullsFound, Review
    from forge_client.models.server import ForgeVersion, Repository, TokenFacts, User
    from forge_client.requests import IssueChanges, IssueFilter, PullChanges, PullFilter, Written

T = TypeVar("T")


class Forge(Protocol):
    """A forge: Gitea and Forgejo now; GitHub and GitLab can follow. Use it as `async with`, or call `aclose`.

    A repository is given as "owner/name". Every method raises a `ServiceError`. Each costs one request, where it does
    not say otherwise.
    """

    @property
    def writes(self) -> ForgeWrites:
        """The calls that change something."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def aclose(self) -> None:
        """Close all connections."""

    async def send(self, call: Call[T]) -> T:
        """Send a call of `ForgeWrites`."""

    # The server, its users and repositories

    async def version(self) -> ForgeVersion:
        """Read which program the server is, and its version."""

    async def user(self) -> User:
        """Read the user of the token."""

    async def token(self) -> TokenFacts | None:
        """Read the scopes and the login of the token; None where the forge does not report them."""

    async def repository(self, repo: str) -> Repository:
        """Read a repository."""

    async def repositories(self, page: int = 1, limit: int = 50) -> Page[Repository]:
        """List a page of the repositories of the token's user."""

    async def assignees(self, repo: str) -> tuple[User, ...]:
        """List the users who can be assigned."""

    # Issues

    async def labels(self, repo: str) -> tuple[Label, ...]:
        """List all labels of the repository and of its organisation. Costs two requests, and more above 50 labels."""

    async def milestones(self, repo: str) -> tuple[Milestone, ...]:
        """List all milestones, closed ones too. Costs a request for each 50."""

    async def issues(self, repo: str, wanted: IssueFilter, page: int = 1, limit: int = 30) -> Page[Issue]:
        """List a page of issues without pull requests, newest first.

        Costs one request more for labels and one for a milestone, whose names are checked first.

        Raises:
            InvalidInput: the repository has no such label, milestone or user.
        """

    async def issue(self, repo: str, number: int) -> Issue:
        """Read an issue, or a pull request as one."""

    async def blockers(self, repo: str, number: int) -> tuple[Issue, ...]:
        """List the issues that must be closed before this one."""

    async def blocked(self, repo: str, number: int) -> tuple[Issue, ...]:
        """List the issues that wait for this one."""

    async def last_comments(self, repo: str, issue: Issue | PullRequest, count: int) -> tuple[Comment, ...]:
        """List the last comments of an issue or pull request, oldest of them first.

        Costs one request for an issue with up to 50 comments, else at most two.
        """

    async def comment(self, repo: str, comment: int) -> Comment:
        """Read a comment by its id."""

    async def timeline(self, repo: str, number: int, page: int = 1, limit: int = 50) -> tuple[TimelineEvent, ...]:
        """List a page of what happened to an issue or pull request, oldest first; the last page is not full."""

    # Pull requests

    async def pulls(self, repo: str, wanted: PullFilter, page: int = 1, limit: int = 15) -> Page[PullRequest]:
        """List a page of pull requests, those updated last first.

        Costs more requests for labels and for a milestone, whose names are checked first.

        Raises:
            InvalidInput: the repository has no such label, milestone or user.
        """

    async def pull(self, repo: str, number: int) -> PullRequest:
        """Read a pull request."""

    async def merged_pull(self, repo: str, sha: str) -> PullRequest | None:
        """Read the pull request whose merge made a commit; None where no merge of one made it."""

    async def open_pulls_of(self, repo: str, *, sha: str = "", branch: str = "", head_repo: str = "") -> PullsFound:
        """Find the open pull requests whose head is this commit, or this branch of `head_repo` (by default `repo`).

        Costs at most two requests, in which the 100 that were updated last are looked through.
        """

    async def pull_files(self, repo: str, number: int, page: int = 1, limit: int = 50) -> Page[ChangedFile]:
        """List a page of the files that a pull request changes."""

    async def pull_diff(self, repo: str, number: int) -> str:
        """Read the whole diff of a pull request."""

    async def pull_commits(self, repo: str, number: int, page: int = 1, limit: int = 30) -> Page[Commit]:
        """List a page of the commits of a pull request, newest first."""

    async def reviews(self, repo: str, number: int, page: int = 1, limit: int = 50) -> Page[Review]:
        """List a page of the reviews of a pull request, oldest first."""

    async def checks(self, repo: str, sha: str) -> Checks:
        """Read the newest status of each context of a commit, which is given by its whole hash."""

    # Code

    async def branches(self, repo: str, page: int = 1, limit: int = 50) -> Page[Branch]:
        """List a page of the branches."""

    async def branch(self, repo: str, name: str) -> Branch:
        """Read a branch."""

    async def branch_protections(self, repo: str) -> tuple[BranchProtection, ...]:
        """List the rules for branches; for administrators of the repository."""

    async def tags(self, repo: str, page: int = 1, limit: int = 50) -> Page[Tag]:
        """List a page of the tags."""

    async def commit(self, repo: str, ref: str) -> Commit:
        """Read the commit of a branch, of a tag or of a hash, which may be shortened."""

    async def commits(
        self, repo: str, ref: str = "", *, path: str = "", missing_from: str = "", page: int = 1, limit: int = 30
    ) -> Page[Commit]:
        """List a page of the commits of a ref, newest first: those that change a path and that another ref lacks."""

    async def commit_diff(self, repo: str, sha: str) -> str:
        """Read the whole diff of a commit."""

    async def comparison(self, repo: str, base: str, head: str) -> Comparison:
        """List what `head` has that `base` lacks; the head may be `user:branch` of a fork."""

    async def folder(self, repo: str, path: str = "", ref: str = "") -> tuple[Entry, ...] | Entry:
        """List a folder, whole; one entry where the path is a file. A ref is a branch, a tag or a whole hash."""

    async def tree(self, repo: str, sha: str, page: int = 1) -> Tree:
        """List a page of everything below a commit or tree."""

    async def file(
        self, repo: str, path: str, ref: str = "", *, first: int = 0, last: int | None = None
    ) -> FileContent:
        """Read a file's bytes from `first` to `last`. A ref is a branch, a tag or a whole hash."""


class ForgeWrites(Protocol):
    """The writes. Each method makes a call and sends nothing, because only the guard's client may send it."""

    def create_issue(
        self,
        repo: str,
        title: str,
        body: str = "",
        *,
        labels: Sequence[Label] = (),
        milestone: Milestone | None = None,
        assignees: Sequence[str] = (),
    ) -> Call[Written[Issue]]:
        """Create an issue."""

    def update_issue(self, repo: str, number: int, changes: IssueChanges) -> Call[Written[Issue]]:
        """Change the given fields of an issue."""

    def add_labels(self, repo: str, number: int, labels: Sequence[Label]) -> Call[Written[tuple[Label, ...]]]:
        """Add labels to an issue or pull request."""

    def set_labels(self, repo: str, number: int, labels: Sequence[Label]) -> Call[Written[tuple[Label, ...]]]:
        """Give an issue or pull request these labels and no others."""

    def remove_label(self, repo: str, number: int, label: Label) -> Call[None]:
        """Take a label off an issue or pull request."""

    def create_comment(self, repo: str, number: int, body: str) -> Call[Comment]:
        """Comment on an issue or pull request."""

    def update_comment(self, repo: str, comment: int, body: str) -> Call[Comment]:
        """Replace the text of a comment."""

    def create_pull(
        self,
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
        """Open a pull request."""

    def update_pull(self, repo: str, number: int, changes: PullChanges) -> Call[Written[PullRequest]]:
        """Change the given fields of a pull request."""
