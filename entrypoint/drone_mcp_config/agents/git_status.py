"""Reads what `git status` says of a work tree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drone_mcp_config.agents.git import GitFailed

if TYPE_CHECKING:
    from drone_mcp_config.agents.git import Git

# Options for what the user's own settings may hide (status.showUntrackedFiles, diff.ignoreSubmodules, a monitor of
# files that does not run): here the answer has to be all of it.
STATUS = (
    "-c", "core.fsmonitor=false", "status", "--porcelain=v2", "-z", "--branch", "--no-renames", "--untracked-files=all",
    "--ignore-submodules=none",
)  # fmt: skip
# git-status(1), "Porcelain Format Version 2"; each entry ends with a NUL.
_CHANGED = re.compile(
    r"1 [^ ]{2} (?P<sub>N\.\.\.|S[C.][M.][U.])(?: [0-7]{6}){3}(?: [0-9a-f]+){2} (?P<path>.+)", re.DOTALL
)
_UNMERGED = re.compile(r"u [^ ]{2} (?:N\.\.\.|S[C.][M.][U.])(?: [0-7]{6}){4}(?: [0-9a-f]+){3} (?P<path>.+)", re.DOTALL)
_HEAD = re.compile(r"# branch\.oid (\(initial\)|[0-9a-f]{40,64})")
_UNREADABLE = re.compile(r"^warning: could not open directory '(.*?)/?'", re.MULTILINE)


@dataclass(frozen=True)
class WorkTree:
    """The parts of a work tree that its last commit lacks.

    Attributes:
        head: the last commit; "" before the first one.
        changed: tracked files that differ from it.
        untracked: files that git does not know and does not ignore.
        nested: folders that are repositories of their own, and no submodules.
        submodules: those with changes inside that are not committed there.
        unreadable: folders that git cannot look into.
    """

    head: str
    changed: tuple[str, ...]
    untracked: tuple[str, ...]
    nested: tuple[str, ...]
    submodules: tuple[str, ...]
    unreadable: tuple[str, ...]
    is_unmerged: bool

    @property
    def is_clean(self) -> bool:
        """Whether the last commit has all of it."""
        left = (self.changed, self.untracked, self.nested, self.submodules, self.unreadable)
        return not self.is_unmerged and not any(left)


def read_work_tree(git: Git) -> WorkTree:
    """Ask git for the state of the work tree.

    Raises:
        GitFailed: it fails.
    """
    ran = git.run(*STATUS)
    if not ran.ok:
        raise git.failure(ran, *STATUS)
    return parse_status(ran.out, ran.err)


def parse_status(out: str, err: str) -> WorkTree:
    """Read the output of `git status` with the options above. Pure.

    Raises:
        GitFailed: this is no such output.
    """
    head: str | None = None
    changed: list[str] = []
    untracked: list[str] = []
    nested: list[str] = []
    submodules: list[str] = []
    is_unmerged = False
    for entry in filter(None, out.split("\0")):
        if match := _HEAD.fullmatch(entry):
            head = "" if match[1] == "(initial)" else match[1]
        elif match := _CHANGED.fullmatch(entry):
            # Staged content of a submodule (C) can be committed here; M and U are changes inside of it.
            inside = match["sub"].startswith("S") and match["sub"][2:] != ".."
            (submodules if inside else changed).append(match["path"])
        elif match := _UNMERGED.fullmatch(entry):
            is_unmerged = True
        elif entry.startswith("? "):
            (nested if entry.endswith("/") else untracked).append(entry[2:].rstrip("/"))
        elif not entry.startswith("# "):
            raise GitFailed(f"git status answered what cannot be understood ({entry[:40]!r})")
    if head is None:
        raise GitFailed("git status did not answer")
    unreadable = tuple(_UNREADABLE.findall(err))
    return WorkTree(
        head, tuple(changed), tuple(untracked), tuple(nested), tuple(submodules), unreadable, is_unmerged
    )  # fmt: skip
