"""Commits, branches and tags of one repository, in memory. Hashes are those that git gives, unless one is set."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FILE: Final = "100644"
SYMLINK: Final = "120000"
FOLDER: Final = "040000"
_FULL_HASH: Final = re.compile(r"[0-9a-f]{40}")
_SHORT_HASH: Final = re.compile(r"[0-9a-f]{4,40}")


def hash_object(kind: str, content: bytes) -> str:
    """Return the name that git gives an object (git/git v2.47.0, Documentation/gitformat-loose.adoc)."""
    return hashlib.sha1(f"{kind} {len(content)}\0".encode() + content, usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Blob:
    """A file's content; of a symlink, the path of its target."""

    content: bytes
    mode: str = FILE

    @property
    def sha(self) -> str:
        """Its hash."""
        return hash_object("blob", self.content)


@dataclass(frozen=True)
class Person:
    """The author or committer of a commit."""

    name: str
    email: str


@dataclass(frozen=True, eq=False)
class Commit:
    """A commit, with all files of its tree by path."""

    sha: str
    message: str
    files: Mapping[str, Blob]
    author: Person
    committer: Person
    at: int
    parents: tuple[str, ...] = ()


@dataclass(frozen=True)
class TreeItem:
    """A file or folder below a tree."""

    path: str
    mode: str
    sha: str
    size: int = 0


@dataclass(frozen=True)
class Tag:
    """A tag; one with a message is an object of its own, whose hash is `sha`."""

    commit: str
    message: str = ""
    sha: str = ""


@dataclass
class GitRepo:
    """The commits that a repository has, and what points to them."""

    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, Tag] = field(default_factory=dict)

    def commit(
        self,
        branch: str,
        message: str,
        changes: Mapping[str, Blob | str | None],
        author: Person,
        at: int,
        *,
        sha: str = "",
        parents: tuple[str, ...] | None = None,
    ) -> Commit:
        """Make a commit on a branch, which begins at it if it is new. A change to None deletes a file.

        Args:
            branch: that points to the commit from now on.
            message: without the line end that git adds.
            changes: by path, to the files of the first parent.
            author: who made it.
            at: Unix time.
            sha: the hash, where a commit of another system is to have the same one here.
            parents: by default the newest commit of the branch.
        """
        if parents is None:
            parents = (self.branches[branch],) if branch in self.branches else ()
        files = dict(self.commits[parents[0]].files) if parents else {}
        for path, change in changes.items():
            if change is None:
                files.pop(path, None)
            else:
                files[path] = change if isinstance(change, Blob) else Blob(change.encode())
        text = message if message.endswith("\n") else f"{message}\n"
        sha = sha or _hash_commit(text, files, author, at, parents)
        made = Commit(sha, text, dict(sorted(files.items())), author, author, at, parents)
        self.commits[sha] = made
        self.branches[branch] = sha
        return made

    def find(self, ref: str, *, short: bool = False) -> Commit | None:
        """Return the commit of a branch, a tag or a whole hash; also of a part of a hash, if `short`."""
        if ref in self.branches:
            return self.commits[self.branches[ref]]
        if ref in self.tags:
            return self.commits[self.tags[ref].commit]
        if _FULL_HASH.fullmatch(ref):
            return self.commits.get(ref)
        if short and _SHORT_HASH.fullmatch(ref):
            found = [commit for sha, commit in self.commits.items() if sha.startswith(ref)]
            return found[0] if len(found) == 1 else None
        return None

    def history(self, sha: str) -> list[Commit]:
        """Return a commit and all its ancestors, newest first, each before its parents."""
        found = {commit.sha: commit for commit in self._walk(sha)}
        # Commits of the same second are in the order in which they were made.
        order = {name: index for index, name in enumerate(self.commits)}
        return sorted(found.values(), key=lambda commit: (commit.at, order[commit.sha]), reverse=True)

    def merge_base(self, first: str, second: str) -> Commit | None:
        """Return the newest commit that both have."""
        known = {commit.sha for commit in self._walk(first)}
        return next((commit for commit in self.history(second) if commit.sha in known), None)

    def missing(self, base: str, head: str) -> list[Commit]:
        """Return the commits that `head` has and `base` lacks, newest first."""
        known = {commit.sha for commit in self._walk(base)}
        return [commit for commit in self.history(head) if commit.sha not in known]

    def parent_files(self, commit: Commit) -> Mapping[str, Blob]:
        """Return the files of a commit's first parent; none for a first commit."""
        return self.commits[commit.parents[0]].files if commit.parents else {}

    def last_change(self, sha: str, path: str) -> Commit:
        """Return the newest commit of a history that changed a file, or something in a folder."""
        history = self.history(sha)
        return next((commit for commit in history if self.changes_path(commit, path)), history[-1])

    def changes_path(self, commit: Commit, path: str) -> bool:
        """Check whether a commit changes a file, or something in a folder."""
        before = _below(self.parent_files(commit), path)
        return before != _below(commit.files, path)

    def _walk(self, sha: str) -> Iterator[Commit]:
        todo, seen = [sha], {sha}
        while todo:
            commit = self.commits[todo.pop()]
            yield commit
            todo += [parent for parent in commit.parents if parent not in seen]
            seen.update(commit.parents)


def list_tree(files: Mapping[str, Blob]) -> list[TreeItem]:
    """Return all files and folders, in git's order."""
    items = [TreeItem(path, blob.mode, blob.sha, len(blob.content)) for path, blob in files.items()]
    folders = {"/".join(path.split("/")[:depth]) for path in files for depth in range(1, path.count("/") + 1)}
    items += [TreeItem(folder, FOLDER, _hash_tree(_within(files, folder))) for folder in folders]
    return sorted(items, key=lambda item: item.path)


def list_folder(files: Mapping[str, Blob], folder: str) -> list[TreeItem]:
    """Return the entries of a folder, "" for the root."""
    prefix = f"{folder}/" if folder else ""
    return [item for item in list_tree(files) if item.path.startswith(prefix) and "/" not in item.path[len(prefix) :]]


def _below(files: Mapping[str, Blob], path: str) -> dict[str, Blob]:
    return {name: blob for name, blob in files.items() if name == path or name.startswith(f"{path}/")}


def _within(files: Mapping[str, Blob], folder: str) -> dict[str, Blob]:
    return {name[len(folder) + 1 :]: blob for name, blob in files.items() if name.startswith(f"{folder}/")}


def _hash_tree(files: Mapping[str, Blob]) -> str:
    """Return the hash of a tree (git/git v2.47.0, tree.c: a folder sorts as if its name ended in a slash)."""
    names = {path.split("/")[0]: "/" in path for path in files}
    lines = b""
    for name in sorted(names, key=lambda name: f"{name}/" if names[name] else name):
        is_folder = names[name]
        sha = _hash_tree(_within(files, name)) if is_folder else files[name].sha
        mode = "40000" if is_folder else files[name].mode
        lines += f"{mode} {name}\0".encode() + bytes.fromhex(sha)
    return hash_object("tree", lines)


def _hash_commit(message: str, files: Mapping[str, Blob], author: Person, at: int, parents: tuple[str, ...]) -> str:
    person = f"{author.name} <{author.email}> {at} +0000"
    head = [f"tree {_hash_tree(files)}", *(f"parent {parent}" for parent in parents)]
    lines = [*head, f"author {person}", f"committer {person}", "", message]
    return hash_object("commit", "\n".join(lines).encode())
