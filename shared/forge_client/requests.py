"""Filters of lists, changes of issues and pull requests, and the result of a write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeAlias, TypeVar

if TYPE_CHECKING:
    from datetime import datetime

    from forge_client.models.issues import Milestone

T_co = TypeVar("T_co", covariant=True)

State: TypeAlias = Literal["open", "closed"]
Standing: TypeAlias = Literal["open", "closed", "all"]


@dataclass(frozen=True, kw_only=True, slots=True)
class IssueFilter:
    """Which issues to list; "" and () stand for any.

    Attributes:
        labels: names; an issue has all of them.
        milestone: the title of one.
        text: words that an issue has in its title, body or comments. How they are searched for is the forge's own: in
            Gitea as a phrase of whole words, and a new issue is found a second after it was made.
        author: the login of who made it.
        assignee: the login of who is assigned.
        mentioned: the login of who is mentioned.
        updated_after: only those that changed since.
    """

    state: Standing = "open"
    labels: tuple[str, ...] = ()
    milestone: str = ""
    text: str = ""
    author: str = ""
    assignee: str = ""
    mentioned: str = ""
    updated_after: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PullFilter:
    """Which pull requests to list; "" and () stand for any.

    Attributes:
        labels: names; a pull request has all of them.
        milestone: the title of one.
        author: the login of who opened it.
        base: the branch that it is to be merged into.
    """

    state: Standing = "open"
    labels: tuple[str, ...] = ()
    milestone: str = ""
    author: str = ""
    base: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class IssueChanges:
    """What to change of an issue; None leaves it as it is.

    Attributes:
        body: "" empties it.
        milestone: "none" takes it away.
        assignees: logins that replace those it has.
        content_version: that of the issue as it was read, where it had one.
    """

    title: str | None = None
    body: str | None = None
    state: State | None = None
    milestone: Milestone | Literal["none"] | None = None
    assignees: tuple[str, ...] | None = None
    content_version: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PullChanges:
    """What to change of a pull request; None leaves it as it is, and "" empties the body."""

    title: str | None = None
    body: str | None = None
    state: State | None = None
    base: str | None = None


@dataclass(frozen=True, slots=True)
class Written(Generic[T_co]):
    """The answer to a write.

    Attributes:
        answer: what the forge has now.
        not_applied: the fields that do not have the value that was sent. A forge drops what the token's user may not
            set, and cuts what is too long, without refusing the rest.
    """

    answer: T_co
    not_applied: tuple[str, ...] = ()
