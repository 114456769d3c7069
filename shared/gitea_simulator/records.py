"""The records of a Gitea server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from gitea_simulator.git import GitRepo

if TYPE_CHECKING:
    from collections.abc import Sequence

Right = Literal["read", "write", "admin"]
DRAFT_PREFIXES: Final = ("WIP:", "[WIP]")
LONGEST_TITLE: Final = 252  # characters, then an ellipsis (go-gitea/gitea v1.27.3, models/issues/issue.go)


@dataclass
class User:
    """An account, or an organisation."""

    id: int
    login: str
    full_name: str = ""
    created: int = 0
    is_organisation: bool = False
    is_admin: bool = False


@dataclass
class Token:
    """An access token of a user; `scopes` are Gitea's words, such as `read:issue` or `all`."""

    id: int
    user: User
    name: str
    scopes: tuple[str, ...]
    created: int
    used: int = 0


@dataclass
class Label:
    """A label of a repository or of an organisation."""

    id: int
    name: str
    color: str
    description: str = ""
    exclusive: bool = False
    organisation: str = ""

    @property
    def group(self) -> str:
        """The group in which an exclusive label excludes others, as `scope` of `scope/a`; "" if it excludes none."""
        return self.name.rpartition("/")[0] if self.exclusive else ""


@dataclass
class Milestone:
    """A milestone."""

    id: int
    title: str
    description: str = ""
    state: str = "open"
    created: int = 0
    due: int | None = None


@dataclass
class Event:
    """An entry of a timeline. A comment is one of the type `comment`."""

    id: int
    type: str
    user: User
    at: int
    body: str = ""
    updated: int = 0
    label: Label | None = None
    milestone: Milestone | None = None
    assignee: User | None = None
    removed_assignee: bool = False
    old_title: str = ""
    new_title: str = ""
    review: int = 0
    ref_issue: Issue | None = None
    dependent: Issue | None = None


@dataclass
class Issue:
    """An issue; one with `pull` is a pull request."""

    id: int
    number: int
    author: User
    title: str
    body: str
    created: int
    updated: int
    labels: list[Label] = field(default_factory=list)
    milestone: Milestone | None = None
    assignees: list[User] = field(default_factory=list)
    closed: int | None = None
    is_locked: bool = False
    due: int | None = None
    pin_order: int = 0
    content_version: int = 0
    events: list[Event] = field(default_factory=list)
    blockers: list[Issue] = field(default_factory=list)
    pull: Pull | None = None
    found_from: float = 0.0
    """The time from which the search knows its newest text."""

    @property
    def comments(self) -> list[Event]:
        """Its comments, oldest first."""
        return [event for event in self.events if event.type == "comment"]

    @property
    def state(self) -> str:
        """Open or closed."""
        return "open" if self.closed is None else "closed"

    @property
    def as_pull(self) -> Pull:
        """The fields of a pull request.

        Raises:
            LookupError: it is none.
        """
        if self.pull is None:
            raise LookupError(f"#{self.number} is no pull request")
        return self.pull

    @property
    def is_draft(self) -> bool:
        """Whether its title says that it is not finished."""
        return self.title.upper().startswith(DRAFT_PREFIXES)


@dataclass
class Review:
    """A review of a pull request."""

    id: int
    user: User
    state: str
    body: str
    commit: str
    at: int
    official: bool = False
    comments: int = 0


@dataclass
class Pull:
    """The fields of a pull request that an issue lacks."""

    id: int
    base: str
    head_branch: str
    head_repo: Repository
    head_sha: str
    merge_base: str
    reviews: list[Review] = field(default_factory=list)
    reviewers: list[User] = field(default_factory=list)
    merged: int | None = None
    merged_by: User | None = None
    merge_commit: str = ""
    base_sha: str = ""
    """Of the base branch, once it was merged or closed."""
    checked_at: float = 0.0
    """The end of the check for conflicts; `mergeable` is true until then."""


@dataclass
class Status:
    """The status of a commit in a context."""

    id: int
    state: str
    context: str
    creator: User | None
    at: int
    target_url: str = ""
    description: str = ""


@dataclass
class Protection:
    """A rule for branches of a name."""

    name: str
    created: int
    approvals: int = 0
    contexts: Sequence[str] | None = None
    block_on_rejected: bool = False


@dataclass
class Repository:
    """A repository. `access` maps a login to its right; the owner has all."""

    id: int
    owner: User
    name: str
    created: int
    description: str = ""
    private: bool = False
    default_branch: str = "main"
    archived: bool = False
    has_issues: bool = True
    has_wiki: bool = True
    parent: Repository | None = None
    access: dict[str, Right] = field(default_factory=dict)
    git: GitRepo = field(default_factory=GitRepo)
    labels: list[Label] = field(default_factory=list)
    milestones: list[Milestone] = field(default_factory=list)
    issues: dict[int, Issue] = field(default_factory=dict)
    statuses: dict[str, list[Status]] = field(default_factory=dict)
    protections: list[Protection] = field(default_factory=list)

    @property
    def full_name(self) -> str:
        """Owner and name."""
        return f"{self.owner.login}/{self.name}"

    @property
    def pulls(self) -> list[Issue]:
        """Its pull requests, oldest first."""
        return [issue for issue in self.issues.values() if issue.pull]

    def find_protection(self, branch: str) -> Protection | None:
        """Return the rule for a branch."""
        return next((rule for rule in self.protections if rule.name == branch), None)
