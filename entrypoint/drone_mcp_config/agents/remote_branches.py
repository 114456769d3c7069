"""Asks a remote for its branches, and what one of them lacks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drone_mcp_config.agents.git import GitFailed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drone_mcp_config.agents.git import Git

MOST_HEADS = 5000  # of a remote that are named in one command; more would not fit into its arguments
_REF = re.compile(r"([0-9a-f]{40,64})\trefs/heads/(.+)")


def pushed_to(git: Git, remote: str) -> str:
    """Return where pushes to a remote go: its name, or an address where it is fetched from another one.

    Raises:
        GitFailed: git fails.
    """
    ways = [git.ask("remote", "get-url", *push, remote).splitlines()[:1] for push in ((), ("--push",))]
    return remote if ways[0] == ways[1] else "".join(ways[1])


def branches_at(git: Git, remote: str) -> dict[str, str]:
    """Return each branch of a remote -> its commit, as the remote reports it now.

    Raises:
        GitFailed: it does not answer.
    """
    found: dict[str, str] = {}
    for line in git.ask("ls-remote", "--heads", "--", remote).splitlines():
        match = _REF.fullmatch(line)
        if match is None:
            raise GitFailed(f"git ls-remote answered what cannot be understood ({git.shown(line[:40])!r})")
        found[match[2]] = match[1]
    return found


def excluded(commits: Iterable[str]) -> list[str]:
    """Return the arguments that exclude commits, with their ancestors, from a list (gitrevisions(7))."""
    return [f"^{commit}" for commit in dict.fromkeys(commits)][:MOST_HEADS]


def count_commits(git: Git, commit: str, known: Iterable[str]) -> int:
    """Return how many commits `commit` brings that none of `known` has; those of them that are not here count as none.

    Raises:
        GitFailed: git fails.
    """
    said = git.ask("rev-list", "--count", "--ignore-missing", commit, *excluded(known)).strip()
    if not said.isdecimal():
        raise GitFailed(f"git rev-list answered what cannot be understood ({git.shown(said[:40])!r})")
    return int(said)


def commits_lacking(git: Git, remote: str, branch: str, commit: str, heads: dict[str, str]) -> int:
    """Return how many commits of `commit` a branch lacks; of a branch that is yet to be, how many the remote lacks.

    Raises:
        GitFailed: git fails, or the remote does not answer.
    """
    tip = heads.get(branch)
    if tip is None:
        return count_commits(git, commit, heads.values())
    if not git.has("cat-file", "-e", tip):  # others have pushed since we fetched it
        git.ask("fetch", "--quiet", "--no-tags", "--recurse-submodules=no", "--", remote, f"refs/heads/{branch}")
    return count_commits(git, commit, [tip])
