"""The answers of this server's tools. Empty fields are left out."""

from __future__ import annotations

from ci_mcp_kit.answer import View


class ForgeSide(View):
    """A repository as the forge has it. `rights` are those of the token's user."""

    page: str
    default_branch: str = ""
    description: str = ""
    private: bool
    archived: bool
    fork_of: str = ""
    empty: bool | None = None
    rights: str = ""


class DroneSide(View):
    """A repository as Drone has it. `approval_needed`: builds of hooks wait until someone approves them."""

    active: bool
    default_branch: str = ""
    config_path: str = ""
    approval_needed: bool
    trusted: bool
    minutes: int
    builds: int


class ProtectedBranch(View):
    """A protected branch: the checks that a pull request needs, and the approvals."""

    branch: str
    required_checks: tuple[str, ...] = ()
    approvals: int = 0
    may_push: bool


class RepositoryView(View):
    """A repository on both sides."""

    brief = True

    repo: str
    renamed_to: str = ""
    forge: ForgeSide
    drone: DroneSide | None = None
    protected_branches: tuple[ProtectedBranch, ...] = ()
    note: str = ""
    next_step: str = ""


class FileList(View):
    """Paths in a repository; a folder ends in a slash. After a file comes its size in bytes."""

    brief = True

    repo: str
    at: str
    path: str = ""
    files: tuple[str, ...]
    total: int | None = None
    next_start: int | None = None
    left_out: str = ""
    next_step: str = ""


class FileView(View):
    """A part of a file: numbered lines, or bytes as text or base64. `kind` names a file that is not plain text."""

    brief = True

    repo: str
    at: str
    path: str
    size: int
    kind: str = ""
    lines: str = ""
    bytes: str = ""
    text: str = ""
    base64: str = ""
    left_out: str = ""
    next_step: str = ""


class CommitLine(View):
    """A commit, as a list shows it."""

    commit: str
    when: str | None = None
    author: str = ""
    title: str = ""
    page: str = ""


class CommitList(View):
    """Commits, newest first."""

    brief = True

    repo: str
    at: str
    path: str = ""
    commits: tuple[CommitLine, ...]
    total: int | None = None
    next_page: int | None = None
    next_step: str = ""


class RefComparison(View):
    """What one ref has that another lacks. `files` are those that these commits touch."""

    brief = True

    repo: str
    base: str
    head: str
    total_commits: int
    commits: tuple[CommitLine, ...] = ()
    files: tuple[str, ...] = ()
    left_out: str = ""
    next_step: str = ""
