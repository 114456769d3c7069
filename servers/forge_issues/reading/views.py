"""The answers about issues and pull requests. Empty fields are left out."""

from __future__ import annotations

from ci_mcp_kit.answer import View


class IssueLine(View):
    """An issue in a list; `state` where the list has both."""

    number: int
    title: str
    state: str = ""
    author: str = ""
    labels: tuple[str, ...] = ()
    comments: int | None = None
    updated: str = ""


class IssueList(View):
    """A page of issues, newest first."""

    brief = True

    repo: str
    issues: tuple[IssueLine, ...]
    total: int | None = None
    next_page: int | None = None
    next_step: str = ""


class CommentView(View):
    """A comment; its text stands between marks."""

    author: str
    created: str
    text: str


class IssueView(View):
    """An issue. Texts of people stand between marks; `version` changes with every edit."""

    brief = True

    repo: str
    number: int
    title: str
    state: str
    version: str
    author: str = ""
    labels: tuple[str, ...] = ()
    milestone: str = ""
    assignees: tuple[str, ...] = ()
    created: str = ""
    updated: str = ""
    closed: str = ""
    locked: bool | None = None
    body: str = ""
    comments: tuple[CommentView, ...] = ()
    total_comments: int | None = None
    builds: tuple[str, ...] = ()
    blocked_by: tuple[str, ...] = ()
    page: str = ""
    notes: tuple[str, ...] = ()
    next_step: str = ""


class PullLine(View):
    """A pull request in a list. `checks` is how its newest build stands; `build` is the number of that."""

    number: int
    title: str
    state: str = ""
    author: str = ""
    head: str = ""
    base: str = ""
    draft: bool | None = None
    labels: tuple[str, ...] = ()
    checks: str = ""
    build: int | None = None


class PullList(View):
    """A page of pull requests, those updated last first."""

    brief = True

    repo: str
    pulls: tuple[PullLine, ...]
    total: int | None = None
    next_page: int | None = None
    notes: tuple[str, ...] = ()
    next_step: str = ""


class CheckView(View):
    """A check of the head commit; `build` where it is one of the CI server's."""

    context: str
    outcome: str
    build: int | None = None
    description: str = ""


class PullView(View):
    """A pull request. Texts of people stand between marks."""

    brief = True

    repo: str
    number: int
    title: str
    state: str
    found_by: str = ""
    head: str = ""
    head_repo: str = ""
    head_commit: str = ""
    base: str = ""
    author: str = ""
    merge: str = ""
    moved_on: bool | None = None
    checks: str = ""
    check_list: tuple[CheckView, ...] = ()
    labels: tuple[str, ...] = ()
    milestone: str = ""
    reviewers: tuple[str, ...] = ()
    changed_files: int | None = None
    additions: int | None = None
    deletions: int | None = None
    total_comments: int | None = None
    body: str = ""
    page: str = ""
    notes: tuple[str, ...] = ()
    next_step: str = ""


class DiffView(View):
    """The files that a pull request changes, and the hunks of some of them, between marks."""

    brief = True

    repo: str
    number: int
    files: tuple[str, ...]
    total_files: int
    hunks: str = ""
    left_out: str = ""
    next_step: str = ""
