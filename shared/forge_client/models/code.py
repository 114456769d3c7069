"""Commits, branches and files."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AliasPath, Field

from forge_client.models.base import ForgeModel, Many, Moment, Text, nested

LOOKED_AT: Final = (
    8000  # bytes in which git looks for a NUL to recognise a binary file (git/git v2.47.0, xdiff-interface.c)
)

LARGEST_POINTER: Final = 1024  # bytes, which the pointer of a file in Git LFS never reaches


class ChangedFile(ForgeModel):
    """A file that a pull request or a commit changes; for a commit the numbers of lines are unknown.

    `status` is added, changed, modified, deleted, removed or renamed.
    """

    path: Annotated[str, Field(validation_alias="filename")]
    previous_path: Annotated[Text, Field(validation_alias="previous_filename")] = ""
    status: str = ""
    additions: int | None = None
    deletions: int | None = None


class ParentCommit(ForgeModel):
    """A parent of a commit."""

    sha: str


class Commit(ForgeModel):
    """A commit. `author` is the login of the account with the author's address, "" if there is none."""

    sha: str
    message: Text = nested("commit", "message")
    author: Text = nested("author", "login")
    author_name: Text = nested("commit", "author", "name")
    authored_at: Annotated[Moment, Field(validation_alias=AliasPath("commit", "author", "date"))] = None
    committed_at: Annotated[Moment, Field(validation_alias=AliasPath("commit", "committer", "date"))] = None
    parents: Many[ParentCommit] = ()
    files: Many[ChangedFile] = ()
    url: Annotated[str, Field(validation_alias="html_url")] = ""


class Comparison(ForgeModel):
    """The commits of one ref that are missing from another, newest first. Only Forgejo lists the files."""

    total_commits: int = 0
    commits: Many[Commit] = ()
    files: Many[ChangedFile] = ()


class Branch(ForgeModel):
    """A branch with its newest commit, and what its protection asks for."""

    name: str
    sha: Text = nested("commit", "id")
    message: Text = nested("commit", "message")
    committed_at: Annotated[Moment, Field(validation_alias=AliasPath("commit", "timestamp"))] = None
    protected: bool = False
    required_approvals: int = 0
    enable_status_check: bool = False
    status_check_contexts: Many[str] = ()
    user_can_push: bool = False
    user_can_merge: bool = False


class BranchProtection(ForgeModel):
    """A rule for branches, which only administrators of the repository may read. `rule_name` is a pattern."""

    rule_name: str
    required_approvals: int = 0
    enable_push: bool = False
    enable_status_check: bool = False
    status_check_contexts: Many[str] = ()
    block_on_rejected_reviews: bool = False
    block_on_outdated_branch: bool = False
    require_signed_commits: bool = False
    protected_file_patterns: Text = ""


class Tag(ForgeModel):
    """A tag; `sha` is that of its commit."""

    name: str
    sha: Text = nested("commit", "sha")
    message: Text = ""


class Entry(ForgeModel):
    """Something in a folder. `type` is file, dir, symlink or submodule; `target` is that of a symlink."""

    path: str
    type: str
    size: int = 0
    sha: Text = ""
    target: Text = ""


class TreeEntry(ForgeModel):
    """Something in a tree. `type` is blob, tree or commit (a submodule); mode 120000 is a symlink."""

    path: str
    type: str
    mode: Text = ""
    size: int = 0
    sha: Text = ""


class Tree(ForgeModel):
    """One page of a tree; `truncated` where more of it follows."""

    sha: Text = ""
    entries: Annotated[Many[TreeEntry], Field(validation_alias="tree")] = ()
    total: Annotated[int, Field(validation_alias="total_count")] = 0
    truncated: bool = False


class LfsPointer(ForgeModel):
    """The pointer that Git LFS keeps in the repository instead of a large file."""

    oid: str
    size: int


class FileContent(ForgeModel):
    """The bytes of a file, or of a part of it.

    Attributes:
        start: where in the file the bytes begin.
        total: the size of the whole file.
        sha: of the blob, "" where the forge does not report it.
    """

    content: bytes
    start: int = 0
    total: int
    sha: str = ""

    @property
    def is_binary(self) -> bool:
        """Whether git would call it binary."""
        return b"\0" in self.content[:LOOKED_AT]

    @property
    def lfs_pointer(self) -> LfsPointer | None:
        """The pointer that it is; None if it is a file itself."""
        # Keys and limit: git-lfs/git-lfs v3.6.0, docs/spec.md, "The Pointer".
        is_small = self.total == len(self.content) < LARGEST_POINTER
        if not (is_small and self.content.startswith(b"version https://git-lfs.github.com/spec/")):
            return None
        lines = self.content.decode("utf-8", "replace").splitlines()
        keys = {key: value for key, _, value in (line.partition(" ") for line in lines)}
        size = keys.get("size", "")
        is_whole = "oid" in keys and size.isascii() and size.isdecimal()
        return LfsPointer(oid=keys["oid"], size=int(size)) if is_whole else None
