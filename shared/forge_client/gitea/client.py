"""A client for one Gitea or Forgejo server."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, TypeVar

from ci_mcp_http.call import quote_input
from ci_mcp_http.transport import ServiceClient
from ci_mcp_kit.errors import InvalidInput, PermissionDenied, UnexpectedAnswer
from forge_client.errors import NotFound
from forge_client.gitea import code_calls, issue_calls, pull_calls, server_calls, write_calls
from forge_client.gitea.call_builders import LARGEST_PAGE
from forge_client.models.issues import Issue
from forge_client.models.pulls import PullRequest, PullsFound
from forge_client.name_lookup import find_labels, find_milestone
from forge_client.names import is_full_sha, is_sha, parse_repo
from forge_client.requests import PullFilter

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_mcp_http.call import Call
    from forge_client.forge import ForgeWrites
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
    from forge_client.models.issues import Comment, Label, Milestone, TimelineEvent
    from forge_client.models.pulls import Checks, Review
    from forge_client.models.server import ForgeVersion, Repository, TokenFacts, User
    from forge_client.requests import IssueFilter

T = TypeVar("T")

NO_ROUTE: Final = 404
PAGES_LOOKED_THROUGH: Final = 2  # of open pull requests, each page with up to 400 kB
MOST_PAGES: Final = 20  # of labels or milestones: a repository has dozens of them, and a server may send any number


class GiteaForge(ServiceClient):
    """A `forge_client.forge.Forge` for one Gitea or Forgejo server over pooled connections."""

    writes: ForgeWrites = write_calls

    # The server, its users and repositories

    async def version(self) -> ForgeVersion:
        """Read which program the server is, and its version."""
        return await self.send(server_calls.version())

    async def user(self) -> User:
        """Read the user of the token."""
        return await self.send(server_calls.user())

    async def token(self) -> TokenFacts | None:
        """Read the scopes and the login of the token; None for Forgejo, and Gitea before 1.27."""
        try:
            return await self.send(server_calls.token())
        except UnexpectedAnswer as error:
            if error.status == NO_ROUTE:
                return None
            raise

    async def repository(self, repo: str) -> Repository:
        """Read a repository."""
        return await self.send(server_calls.repository(repo))

    async def repositories(self, page: int = 1, limit: int = LARGEST_PAGE) -> Page[Repository]:
        """List a page of the repositories of the token's user."""
        return await self.send(server_calls.user_repositories(page, limit))

    async def assignees(self, repo: str) -> tuple[User, ...]:
        """List the users who can be assigned."""
        return await self.send(server_calls.assignees(repo))

    # Issues

    async def labels(self, repo: str) -> tuple[Label, ...]:
        """List all labels: the repository's own first, then its organisation's, if the token may read these."""
        own = await self._collect(lambda page: issue_calls.labels(repo, page))
        return own + await self._organisation_labels(repo)

    async def milestones(self, repo: str) -> tuple[Milestone, ...]:
        """List all milestones, closed ones too."""
        return await self._collect(lambda page: issue_calls.milestones(repo, page))

    async def issues(self, repo: str, wanted: IssueFilter, page: int = 1, limit: int = 30) -> Page[Issue]:
        """List a page of issues without pull requests, newest first, after checking the names in the filter."""
        await self._find_labels(repo, wanted.labels)
        await self._find_milestone(repo, wanted.milestone)
        return await self.send(issue_calls.issues(repo, wanted, page, limit))

    async def issue(self, repo: str, number: int) -> Issue:
        """Read an issue, or a pull request as one."""
        return await self.send(issue_calls.issue(repo, number))

    async def blockers(self, repo: str, number: int) -> tuple[Issue, ...]:
        """List the issues that must be closed before this one."""
        return await self.send(issue_calls.blockers(repo, number))

    async def blocked(self, repo: str, number: int) -> tuple[Issue, ...]:
        """List the issues that wait for this one."""
        return await self.send(issue_calls.blocked(repo, number))

    async def last_comments(self, repo: str, issue: Issue | PullRequest, count: int) -> tuple[Comment, ...]:
        """List the last comments of an issue or pull request, oldest of them first.

        The route for comments has no paging, so those of a long history are read from the timeline; the texts of
        reviews, which only pull requests have, are in the timeline alone.
        """
        if count < 1:
            raise InvalidInput(f"A list has 1 or more comments, not {count}")
        if issue.comments == 0:
            return ()
        is_plain = isinstance(issue, Issue) and issue.pull_request is None
        if is_plain and issue.comments <= LARGEST_PAGE and issue.created_at:
            return (await self.send(issue_calls.comments_since(repo, issue.number, issue.created_at)))[-count:]
        # No comment that is wanted can stand further ahead: the timeline has all of them, and other events.
        page = max(0, issue.comments - count) // LARGEST_PAGE + 1
        events = await self.timeline(repo, issue.number, page)
        found: dict[int, Comment] = {event.id: event for event in events if event.is_comment}
        last = events[-1].created_at if events else issue.created_at
        if last and issue.updated_at and (last < issue.updated_at or len(events) == LARGEST_PAGE):
            since = await self.send(issue_calls.comments_since(repo, issue.number, last))
            found.update((comment.id, comment) for comment in since)
        # Ids rise with time, also where two comments have the same second.
        return tuple(found[number] for number in sorted(found)[-count:])

    async def comment(self, repo: str, comment: int) -> Comment:
        """Read a comment by its id."""
        return await self.send(issue_calls.comment(repo, comment))

    async def timeline(
        self, repo: str, number: int, page: int = 1, limit: int = LARGEST_PAGE
    ) -> tuple[TimelineEvent, ...]:
        """List a page of what happened to an issue or pull request, oldest first."""
        return await self.send(issue_calls.timeline(repo, number, page, limit)) or ()

    # Pull requests

    async def pulls(self, repo: str, wanted: PullFilter, page: int = 1, limit: int = 15) -> Page[PullRequest]:
        """List a page of pull requests, those updated last first, after looking up the names in the filter."""
        labels = await self._find_labels(repo, wanted.labels)
        milestone = await self._find_milestone(repo, wanted.milestone)
        call = pull_calls.pulls(repo, wanted, page, limit, labels=labels, milestone=milestone)
        answer = await self.send(call)
        if not wanted.base or all(pull.base.ref == wanted.base for pull in answer.items):
            return answer
        # Forgejo ignores the base, so that its total is that of all bases.
        right = tuple(pull for pull in answer.items if pull.base.ref == wanted.base)
        return answer.model_copy(update={"items": right, "total": None})

    async def pull(self, repo: str, number: int) -> PullRequest:
        """Read a pull request."""
        return await self.send(pull_calls.pull(repo, number))

    async def merged_pull(self, repo: str, sha: str) -> PullRequest | None:
        """Read the pull request whose merge made a commit; None where there is none that this token may see."""
        try:
            return await self.send(pull_calls.merged_pull(repo, sha))
        except NotFound:
            return None

    async def open_pulls_of(self, repo: str, *, sha: str = "", branch: str = "", head_repo: str = "") -> PullsFound:
        """Find the open pull requests whose head is this commit, or this branch of `head_repo` (by default `repo`).

        There is no route for this: `GET pulls` ignores a head, and `GET pulls/{base}/{head}` answers the oldest pull
        request of that pair, closed ones too.
        """
        if not (sha or branch):
            raise InvalidInput("Neither a commit nor a branch is given")
        source = str(parse_repo(head_repo or repo)).lower()

        def is_wanted(pull: PullRequest) -> bool:
            is_branch = bool(branch) and pull.head.ref == branch and pull.head.repository.lower() == source
            return is_branch or (bool(sha) and pull.head.sha == sha)

        found: list[PullRequest] = []
        for page in range(1, PAGES_LOOKED_THROUGH + 1):
            answer = await self.send(pull_calls.pulls(repo, PullFilter(), page, LARGEST_PAGE))
            found += filter(is_wanted, answer.items)
            if answer.next_page is None:
                return PullsFound(pulls=tuple(found))
        return PullsFound(pulls=tuple(found), complete=False)

    async def pull_files(self, repo: str, number: int, page: int = 1, limit: int = LARGEST_PAGE) -> Page[ChangedFile]:
        """List a page of the files that a pull request changes."""
        return await self.send(pull_calls.files(repo, number, page, limit))

    async def pull_diff(self, repo: str, number: int) -> str:
        """Read the whole diff of a pull request."""
        return await self.send(pull_calls.diff(repo, number))

    async def pull_commits(self, repo: str, number: int, page: int = 1, limit: int = 30) -> Page[Commit]:
        """List a page of the commits of a pull request, newest first."""
        return await self.send(pull_calls.commits(repo, number, page, limit))

    async def reviews(self, repo: str, number: int, page: int = 1, limit: int = LARGEST_PAGE) -> Page[Review]:
        """List a page of the reviews of a pull request, oldest first."""
        return await self.send(pull_calls.reviews(repo, number, page, limit))

    async def checks(self, repo: str, sha: str) -> Checks:
        """Read the newest status of each context of a commit, which is given by its whole hash."""
        return await self.send(pull_calls.checks(repo, sha))

    # Code

    async def branches(self, repo: str, page: int = 1, limit: int = LARGEST_PAGE) -> Page[Branch]:
        """List a page of the branches."""
        return await self.send(code_calls.branches(repo, page, limit))

    async def branch(self, repo: str, name: str) -> Branch:
        """Read a branch."""
        return await self.send(code_calls.branch(repo, name))

    async def branch_protections(self, repo: str) -> tuple[BranchProtection, ...]:
        """List the rules for branches; for administrators of the repository."""
        return await self.send(code_calls.branch_protections(repo))

    async def tags(self, repo: str, page: int = 1, limit: int = LARGEST_PAGE) -> Page[Tag]:
        """List a page of the tags."""
        return await self.send(code_calls.tags(repo, page, limit))

    async def commit(self, repo: str, ref: str) -> Commit:
        """Read the commit of a branch, of a tag or of a hash, which may be shortened.

        Costs a second request where a branch or tag could be a hash.
        """
        if is_sha(ref):
            try:
                return await self.send(code_calls.commit(repo, ref))
            except NotFound:
                if is_full_sha(ref):
                    raise
        # As a parameter, because a path would not keep the slash of a branch.
        newest = await self.send(code_calls.commits(repo, ref, limit=1))
        if not newest.items:
            raise NotFound(f"The forge has no commit {ref} of {repo}")
        return newest.items[0]

    async def commits(
        self, repo: str, ref: str = "", *, path: str = "", missing_from: str = "", page: int = 1, limit: int = 30
    ) -> Page[Commit]:
        """List a page of the commits of a ref, newest first: those that change a path and that another ref lacks."""
        call = code_calls.commits(repo, ref, path=path, missing_from=missing_from, page=page, limit=limit)
        return await self.send(call)

    async def commit_diff(self, repo: str, sha: str) -> str:
        """Read the whole diff of a commit."""
        return await self.send(code_calls.commit_diff(repo, sha))

    async def comparison(self, repo: str, base: str, head: str) -> Comparison:
        """List what `head` has that `base` lacks; the head may be `user:branch` of a fork."""
        return await self.send(code_calls.comparison(repo, base, head))

    async def folder(self, repo: str, path: str = "", ref: str = "") -> tuple[Entry, ...] | Entry:
        """List a folder, whole; one entry where the path is a file."""
        return await self.send(code_calls.folder(repo, path, ref))

    async def tree(self, repo: str, sha: str, page: int = 1) -> Tree:
        """List a page of everything below a commit or tree."""
        return await self.send(code_calls.tree(repo, sha, page))

    async def file(
        self, repo: str, path: str, ref: str = "", *, first: int = 0, last: int | None = None
    ) -> FileContent:
        """Read a file's bytes from `first` to `last`."""
        return await self.send(code_calls.file(repo, path, ref, first=first, last=last))

    async def _collect(self, make_call: Callable[[int], Call[Page[T]]]) -> tuple[T, ...]:
        """Return the items of all pages."""
        found: tuple[T, ...] = ()
        for number in range(1, MOST_PAGES + 1):
            page = await self.send(make_call(number))
            found += page.items
            # By the total: a server whose administrator has set smaller pages does not say that it sends fewer.
            if not page.items or len(found) >= (page.total or 0):
                break
        return found

    async def _organisation_labels(self, repo: str) -> tuple[Label, ...]:
        owner = parse_repo(repo).owner
        try:
            return await self._collect(lambda page: server_calls.organisation_labels(owner, page))
        except (NotFound, PermissionDenied):  # a person's repository, or a token without read:organization
            return ()

    async def _find_labels(self, repo: str, names: tuple[str, ...]) -> tuple[Label, ...]:
        """Return the labels of a filter.

        Raises:
            InvalidInput: one is unknown, or of the organisation: Gitea takes its name for no filter at all. Or there
                are two of one name.
        """
        if not names:
            return ()
        own = await self._collect(lambda page: issue_calls.labels(repo, page))
        try:
            found = find_labels(names, own)
        except InvalidInput as unknown:
            organisation = {label.name for label in await self._organisation_labels(repo)}
            if shared := sorted({*names} & organisation - {label.name for label in own}):
                raise InvalidInput(
                    f"{quote_input(shared[0])} is a label of the organisation, by which the forge cannot filter",
                    next_step="Leave it out, and filter the list yourself",
                ) from unknown
            raise
        # Gitea looks up all labels of a name, and then for what has each of them.
        counts = Counter(label.name for label in own)
        if twice := next((label.name for label in found if counts[label.name] > 1), None):
            raise InvalidInput(
                f"The repository has {counts[twice]} labels {quote_input(twice)}, by which the forge cannot filter",
                next_step="Leave it out, and filter the list yourself",
            )
        return found

    async def _find_milestone(self, repo: str, title: str) -> Milestone | None:
        return find_milestone(title, await self.milestones(repo)) if title else None
