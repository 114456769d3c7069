"""Finds the work that a clone of the pushed branch would lack: what is elsewhere in the work tree or its repository.

What was there before the agent started, and is as it was, is not the agent's work.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from drone_mcp_config.agents.git_status import STATUS, read_work_tree
from drone_mcp_config.agents.remote_branches import count_commits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from drone_mcp_config.agents.git import Git
    from drone_mcp_config.agents.git_status import WorkTree

Kind = Literal[
    "remote", "branch", "stash", "work tree", "repository", "submodule", "changed submodule", "hidden", "unreadable"
]
WORDS: dict[Kind, str] = {
    "branch": "commits of the branch",
    "stash": "the stash",
    "work tree": "the work tree",
    "repository": "the repository (it is no submodule) in",
    "changed submodule": "uncommitted changes in the submodule",
    "hidden": "the file that git was configured to take for unchanged,",
    "unreadable": "the folder that cannot be read,",
}
FILES_NAMED = 5
# What a repository knows of its remotes may be old: a branch may be gone by now.
FETCH = ("fetch", "--quiet", "--all", "--prune", "--recurse-submodules=no")
REFS = ("for-each-ref",)
_LINK = re.compile(r"160000 commit ([0-9a-f]+)\t(.+)", re.DOTALL)


@dataclass(frozen=True)
class Place:
    """A place that may hold work which is not in the branch.

    Attributes:
        name: of the branch, or the path.
        state: a text that differs once its content does.
    """

    kind: Kind
    name: str
    state: str


def find_places(git: Git, tree: WorkTree) -> frozenset[Place]:
    """Find all places that may hold such work; `git` is at the top of the work tree.

    Raises:
        GitFailed: git fails.
    """
    return frozenset([*_places_of_commits(git, tree), *_places_of_files(git, tree)])


def _places_of_commits(git: Git, tree: WorkTree) -> Iterator[Place]:
    refs = git.ask("for-each-ref", "--format=%(objectname) %(refname:strip=2)", "refs/heads").splitlines()
    yield from (Place("branch", name, commit) for commit, _, name in (ref.partition(" ") for ref in refs))
    yield from (Place("stash", commit, commit) for commit in git.ask("stash", "list", "--format=%H").split())
    links = git.ask("ls-tree", "-r", "-z", "--full-tree", tree.head).split("\0") if tree.head else []
    yield from (Place("submodule", match[2], match[1]) for match in map(_LINK.fullmatch, links) if match)


def _places_of_files(git: Git, tree: WorkTree) -> Iterator[Place]:
    said = git.ask("worktree", "list", "--porcelain").splitlines()
    worktrees = {Path(line.removeprefix("worktree ")) for line in said if line.startswith("worktree ")}
    for path in worktrees - {git.folder}:
        if path.is_dir():
            yield Place("work tree", str(path), _state(git.at(path), STATUS))
    for name in tree.nested:
        if git.folder / name not in worktrees:
            yield Place("repository", name, _state(git.at(git.folder / name), STATUS, REFS))
    yield from (Place("changed submodule", name, _state(git.at(git.folder / name), STATUS)) for name in tree.submodules)
    yield from (Place("unreadable", name, "") for name in tree.unreadable)
    for entry in git.ask("ls-files", "-v", "-z").split("\0"):
        # A letter in lower case: assume-unchanged; S: skip-worktree (git-ls-files(1), -v and -t). A sparse checkout
        # has the latter for files that are not here.
        path = git.folder / entry[2:]
        if (entry[:1].islower() or entry[:1] == "S") and path.is_file():
            yield Place("hidden", entry[2:], str(path.lstat().st_mtime_ns))


def _state(git: Git, *commands: tuple[str, ...]) -> str:
    """Return the answers to some commands, which differ once something has changed; also a failure is an answer."""
    return "\n".join(git.run(*command).out for command in commands)


def describe_unpushed(git: Git, tree: WorkTree, before: frozenset[Place], known: Iterable[str]) -> list[str]:
    """Return what a clone of the branch would lack, in words.

    Args:
        git: at the top of the work tree.
        tree: what is left in it after the commit.
        before: the places that were there before the agent started.
        known: the commits that the remote has.

    Raises:
        GitFailed: git fails.
    """
    left = [git.shown(path) for path in (*tree.changed, *tree.untracked)]
    more = f" and {len(left) - FILES_NAMED} more" if len(left) > FILES_NAMED else ""
    said = [f"changes that were not committed ({', '.join(left[:FILES_NAMED])}{more})"] if left else []
    new = sorted(find_places(git, tree) - before, key=lambda place: (place.kind, place.name))
    known = (*known, *(place.state for place in before if place.kind in {"branch", "stash"}))
    return said + [words for place in new if (words := _describe(git, place, tree.head, known))]


def _describe(git: Git, place: Place, head: str, known: tuple[str, ...]) -> str | None:
    """Return what a place holds that is nowhere else, in words; None: nothing."""
    is_lost = True
    match place.kind:
        case "submodule":
            return _describe_submodule(git, place, head)
        case "branch":
            is_lost = count_commits(git, place.state, known) > 0
        case "work tree":
            there = git.at(Path(place.name))
            tree = read_work_tree(there)
            is_lost = not tree.is_clean or count_commits(there, tree.head, known) > 0
        case "repository":
            is_lost = _has_own_work(git.at(git.folder / place.name))
        case "hidden":
            committed = git.run("rev-parse", "--verify", f"{head}:{place.name}").out
            is_lost = git.ask("hash-object", "--", place.name) != committed
    name = place.name[:12] if place.kind == "stash" else git.shown(place.name)
    return f"{WORDS[place.kind]} {name}" if is_lost else None


def _has_own_work(git: Git) -> bool:
    """Return whether a repository has work that none of its remotes has."""
    tree = read_work_tree(git)
    if not tree.is_clean or git.ask("stash", "list"):
        return True
    if not tree.head:
        return False
    git.ask(*FETCH)
    return git.ask("rev-list", "--count", "HEAD", "--branches", "--not", "--remotes").strip() != "0"


def _describe_submodule(git: Git, place: Place, head: str) -> str | None:
    name, there = git.shown(place.name), git.at(git.folder / place.name)
    named = git.run("config", "-z", "--blob", f"{head}:.gitmodules", "--get-regexp", r"\.path$").out.split("\0")
    if place.name not in (entry.partition("\n")[2] for entry in named):
        return f"the repository in {name}, which .gitmodules does not name"
    if not (there.folder / ".git").exists():
        return f"the submodule {name}, which is not here to be looked at"
    there.ask(*FETCH)
    if there.ask("rev-list", "--count", place.state, "--not", "--remotes").strip() != "0":
        return f"commits of the submodule {name}"
    links = there.ask("ls-tree", "-r", "-z", "--full-tree", place.state).split("\0")
    inner = (Place("submodule", match[2], match[1]) for match in map(_LINK.fullmatch, links) if match)
    return next((words for one in inner if (words := _describe_submodule(there, one, place.state))), None)
