"""The state of one simulated Gitea server, and what changes it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import count
from json import dumps
from typing import TYPE_CHECKING, Final

from gitea_simulator.git import Person
from gitea_simulator.records import (
    LONGEST_TITLE,
    Event,
    Issue,
    Label,
    Milestone,
    Protection,
    Pull,
    Repository,
    Review,
    Status,
    Token,
    User,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from gitea_simulator.git import Blob
    from gitea_simulator.records import Right

VERSION: Final = "1.27.3"
SEARCH_LAG: Final = 1.0  # seconds until the search finds a new text
CHECK_LAG: Final = 1.0  # seconds that the check for conflicts takes after a push
RANKS: Final[dict[str | None, int]] = {None: 0, "read": 1, "write": 2, "admin": 3}


def _no_statuses(_repo: Repository, _sha: str) -> Iterable[Status]:
    return ()


@dataclass
class Gitea:
    """The state of a server. There are no globals, so a test may use several.

    Attributes:
        clock: gives the Unix time.
        url: of the server, as its answers contain it.
        builds: the statuses of a commit that a CI server sets, besides those that were sent over the API.
    """

    clock: Callable[[], float] = time.time
    url: str = "http://forge.invalid"
    builds: Callable[[Repository, str], Iterable[Status]] = _no_statuses
    users: dict[str, User] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    repos: dict[str, Repository] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    """Old name -> new name, both as owner/name in lower case."""
    organisation_labels: dict[str, list[Label]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._counts: dict[str, count[int]] = {}

    def now(self) -> int:
        """Return the Unix time in seconds."""
        return int(self.clock())

    def next_id(self, table: str) -> int:
        """Return the next primary key of a table."""
        return next(self._counts.setdefault(table, count(1)))

    # -- users and repositories

    def add_user(self, login: str, *, full_name: str = "", organisation: bool = False, admin: bool = False) -> User:
        """Store a new account or organisation."""
        user = User(self.next_id("users"), login, full_name, self.now(), organisation, admin)
        self.users[login.lower()] = user
        return user

    def add_token(self, login: str, secret: str, name: str, scopes: Iterable[str]) -> None:
        """Store a token of a user."""
        user = self.users[login.lower()]
        self.tokens[secret] = Token(self.next_id("tokens"), user, name, tuple(sorted(scopes)), self.now())

    def add_repo(self, full_name: str, **fields: object) -> Repository:
        """Store a new repository, without commits."""
        owner, _, name = full_name.partition("/")
        repo = Repository(self.next_id("repos"), self.users[owner.lower()], name, self.now(), **fields)  # type: ignore[arg-type]  # of the record
        self.repos[full_name.lower()] = repo
        return repo

    def rename(self, old: str, new_name: str) -> None:
        """Give a repository another name; its old one leads to it."""
        repo = self.repos.pop(old.lower())
        repo.name = new_name
        self.repos[repo.full_name.lower()] = repo
        self.renamed[old.lower()] = repo.full_name

    def right_of(self, repo: Repository, user: User | None) -> Right | None:
        """Return the rights of a user in a repository; None if it is hidden from them."""
        if user and (user.is_admin or user.login == repo.owner.login):
            return "admin"
        right = repo.access.get(user.login) if user else None
        return right or (None if repo.private else "read")

    def may(self, repo: Repository, user: User | None, right: Right) -> bool:
        """Check whether a user has a right, or a greater one."""
        return RANKS[self.right_of(repo, user)] >= RANKS[right]

    def labels_of(self, repo: Repository) -> list[Label]:
        """Return the labels that issues of a repository may have: its own, then those of its organisation."""
        return [*repo.labels, *self.organisation_labels.get(repo.owner.login, ())]

    def add_label(self, repo: Repository | str, name: str, color: str, **fields: object) -> Label:
        """Store a label of a repository or of an organisation. Names need not differ."""
        organisation = repo if isinstance(repo, str) else ""
        fields = {**fields, "organisation": organisation}
        label = Label(self.next_id("labels"), name, color.lstrip("#"), **fields)  # type: ignore[arg-type]  # of the record
        known = self.organisation_labels.setdefault(repo, []) if isinstance(repo, str) else repo.labels
        known.append(label)
        return label

    def add_milestone(self, repo: Repository, title: str, description: str = "", due: int | None = None) -> Milestone:
        """Store a milestone."""
        milestone = Milestone(self.next_id("milestones"), title, description, "open", self.now(), due)
        repo.milestones.append(milestone)
        return milestone

    def protect(
        self, repo: Repository, branch: str, approvals: int = 0, contexts: Sequence[str] | None = None
    ) -> Protection:
        """Store a rule for a branch; with contexts, these have to succeed."""
        rule = Protection(branch, self.now(), approvals, contexts, block_on_rejected=True)
        repo.protections.append(rule)
        return rule

    # -- issues

    def create_issue(self, repo: Repository, author: User, title: str, body: str = "") -> Issue:
        """Create an issue. A long title is cut."""
        now = self.now()
        number = max(repo.issues, default=0) + 1
        issue = Issue(self.next_id("issues"), number, author, cut_title(title), body, now, now)
        repo.issues[number] = issue
        self.index(issue)
        return issue

    def index(self, issue: Issue) -> None:
        """Let the search find the text of an issue, a moment later."""
        issue.found_from = self.clock() + SEARCH_LAG

    def add_event(self, issue: Issue, kind: str, user: User, **fields: object) -> Event:
        """Add an entry to the timeline of an issue."""
        now = self.now()
        event = Event(self.next_id("comments"), kind, user, now, updated=now, **fields)  # type: ignore[arg-type]  # of the record
        issue.events.append(event)
        issue.updated = now
        return event

    def comment(self, issue: Issue, user: User, body: str) -> Event:
        """Comment on an issue."""
        self.index(issue)
        return self.add_event(issue, "comment", user, body=body)

    def set_labels(self, issue: Issue, user: User, labels: Iterable[Label], *, replace: bool = False) -> None:
        """Add labels, or put these in place of the others. An exclusive one takes the others of its group off."""
        wanted = {label.id: label for label in ([] if replace else issue.labels)}
        for label in labels:
            rivals = [other.id for other in wanted.values() if label.group and other.group == label.group]
            for rival in rivals:
                del wanted[rival]
            wanted[label.id] = label
        before = {label.id for label in issue.labels}
        for label in [label for label in issue.labels if label.id not in wanted]:
            self.add_event(issue, "label", user, label=label)
        for label in [label for label in wanted.values() if label.id not in before]:
            self.add_event(issue, "label", user, label=label, body="1")
        issue.labels = sorted(wanted.values(), key=lambda label: label.name)

    def set_milestone(self, issue: Issue, user: User, milestone: Milestone | None) -> None:
        """Give an issue a milestone, or take it away."""
        if issue.milestone is not milestone:
            issue.milestone = milestone
            self.add_event(issue, "milestone", user, milestone=milestone)

    def set_assignees(self, issue: Issue, user: User, assignees: list[User]) -> None:
        """Assign these users, and nobody else."""
        for gone in [one for one in issue.assignees if one not in assignees]:
            self.add_event(issue, "assignees", user, assignee=gone, removed_assignee=True)
        for new in [one for one in assignees if one not in issue.assignees]:
            self.add_event(issue, "assignees", user, assignee=new)
        issue.assignees = list(assignees)

    def set_title(self, issue: Issue, user: User, title: str) -> None:
        """Change a title. A long one is cut."""
        old, issue.title = issue.title, cut_title(title)
        if old != issue.title:
            self.add_event(issue, "change_title", user, old_title=old, new_title=issue.title)
            self.index(issue)

    def set_state(self, issue: Issue, user: User, state: str) -> None:
        """Close or reopen an issue or pull request."""
        if state != issue.state:
            issue.closed = self.now() if state == "closed" else None
            self.add_event(issue, "close" if state == "closed" else "reopen", user)

    # -- pull requests

    def open_pull(
        self,
        repo: Repository,
        author: User,
        title: str,
        *,
        head: str,
        base: str,
        body: str = "",
        head_repo: Repository | None = None,
        number: int = 0,
    ) -> Issue:
        """Open a pull request; `number` is the next one by default."""
        source = head_repo or repo
        sha = source.git.branches[head]
        for commit in source.git.history(sha):
            repo.git.commits.setdefault(commit.sha, commit)
        merge_base = repo.git.merge_base(repo.git.branches[base], sha)
        issue = self.create_issue(repo, author, title, body)
        if number:
            repo.issues[number] = repo.issues.pop(issue.number)
            issue.number = number
        issue.pull = Pull(
            self.next_id("pulls"), base, head, source, sha, merge_base.sha if merge_base else "",
            checked_at=self.clock() + CHECK_LAG,
        )  # fmt: skip
        pushed = [commit.sha for commit in repo.git.missing(repo.git.branches[base], sha)[::-1]]
        self.add_event(issue, "pull_push", author, body=dumps({"is_force_push": False, "commit_ids": pushed}))
        return issue

    def push(self, repo: Repository, branch: str) -> None:
        """Let the open pull requests of a branch follow it."""
        sha = repo.git.branches[branch]
        for base_repo in self.repos.values():
            for issue in base_repo.pulls:
                pull = issue.pull
                if pull is None or issue.closed or pull.head_repo is not repo or pull.head_branch != branch:
                    continue
                if pull.head_sha != sha:
                    for commit in repo.git.history(sha):
                        base_repo.git.commits.setdefault(commit.sha, commit)
                    pull.head_sha, pull.checked_at = sha, self.clock() + CHECK_LAG
                    issue.updated = self.now()

    def request_review(self, issue: Issue, user: User, reviewer: User) -> None:
        """Ask someone for a review."""
        issue.as_pull.reviewers.append(reviewer)
        self.add_event(issue, "review_request", user, assignee=reviewer)

    def review(self, issue: Issue, user: User, state: str, body: str, comments: int = 0) -> Review:
        """Review a pull request."""
        pull = issue.as_pull
        made = Review(self.next_id("reviews"), user, state, body, pull.head_sha, self.now(), comments=comments)
        pull.reviews.append(made)
        self.add_event(issue, "review", user, body=body, review=made.id)
        return made

    def merge(self, repo: Repository, issue: Issue, user: User, style: str = "merge", *, sha: str = "") -> None:
        """Merge a pull request.

        Args:
            repo: into which it is merged.
            issue: the pull request.
            user: who merges it.
            style: merge, squash or rebase.
            sha: the hash of the commit by which it is merged.
        """
        pull, git = issue.as_pull, repo.git
        pull.base_sha = git.branches[pull.base]
        commits = git.missing(pull.merge_base, pull.head_sha)[::-1]
        if style == "rebase":
            for commit in commits[:-1]:
                changes = find_changes(git.parent_files(commit), commit.files)
                git.commit(pull.base, commit.message, changes, commit.author, self.now())
            message, before = commits[-1].message, git.parent_files(commits[-1])
        else:
            message, before = f"{issue.title} (#{issue.number})", git.commits[pull.merge_base].files
        changes = find_changes(before, git.commits[pull.head_sha].files)
        parents = (git.branches[pull.base], pull.head_sha) if style == "merge" else None
        author = Person(user.login, f"{user.login}@example.com")
        made = git.commit(pull.base, message, changes, author, self.now(), sha=sha, parents=parents)
        pull.merged, pull.merged_by, pull.merge_commit = self.now(), user, made.sha
        issue.closed = self.now()
        self.add_event(issue, "merge_pull", user)

    def delete_branch(self, repo: Repository, branch: str) -> None:
        """Delete a branch, which closes its pull requests."""
        del repo.git.branches[branch]
        for issue in repo.pulls:
            if issue.pull and issue.pull.head_branch == branch and issue.pull.head_repo is repo and not issue.closed:
                issue.closed = issue.updated = self.now()

    def mergeable(self, repo: Repository, issue: Issue) -> bool:
        """Return the result of the check for conflicts: true while it runs; false for a draft or a missing branch."""
        pull = issue.as_pull
        if issue.is_draft or (not pull.merged and not self.has_head(issue)):
            return False
        if pull.merged or self.clock() < pull.checked_at or not pull.merge_base:
            return True
        base = repo.git.commits[repo.git.branches[pull.base]].files if pull.base in repo.git.branches else {}
        start, head = repo.git.commits[pull.merge_base].files, repo.git.commits[pull.head_sha].files
        paths = start.keys() | head.keys() | base.keys()
        return not any(
            start.get(path) != head.get(path) and start.get(path) != base.get(path) and head.get(path) != base.get(path)
            for path in paths
        )

    def has_head(self, issue: Issue) -> bool:
        """Check whether the branch of a pull request is still there."""
        return issue.pull is not None and issue.pull.head_branch in issue.pull.head_repo.git.branches

    # -- statuses

    def add_status(self, repo: Repository, sha: str, creator: User, state: str, context: str, **fields: str) -> Status:
        """Set the status of a commit."""
        status = Status(self.next_id("statuses"), state, context, creator, self.now(), **fields)
        repo.statuses.setdefault(sha, []).append(status)
        return status

    def statuses_of(self, repo: Repository, sha: str) -> list[Status]:
        """Return all statuses of a commit, oldest first."""
        return [*self.builds(repo, sha), *repo.statuses.get(sha, ())]


def find_changes(before: Mapping[str, Blob], after: Mapping[str, Blob]) -> dict[str, Blob | str | None]:
    """Return what makes the second files of the first."""
    gone: dict[str, Blob | str | None] = {path: None for path in before if path not in after}
    return {**gone, **{path: blob for path, blob in after.items() if before.get(path) != blob}}


def cut_title(title: str) -> str:
    """Return a title as it is stored."""
    return title if len(title) <= LONGEST_TITLE + 3 else f"{title[:LONGEST_TITLE]}…"
