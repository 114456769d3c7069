"""Checks whether the name of a branch is valid, and whether the branch is protected. Pure."""

from __future__ import annotations

import re

LONGEST = 200  # characters; a server's file system wants a name to fit into a file name, with room for `.lock`
PROTECTED = ("main", "master", "trunk", "develop")
PROTECTED_START = "release"

# git-check-ref-format(1), rules 1 to 10, for what stands behind refs/heads/.
_REFUSED = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|$)|^[./-]|[./]$|^@$|[^\x00-\x7f]", re.ASCII)


def branch_problem(name: str) -> str | None:
    """Return what is wrong with the name of a branch, or None."""
    if not name or len(name) > LONGEST or _REFUSED.search(name):
        return "is no name of a branch"
    if name == "HEAD" or name.startswith("refs/"):
        return "is no name of a branch; leave out refs/heads/" if name.startswith("refs/heads/") else "is no branch"
    return None


def is_protected(name: str, default: str | None) -> bool:
    """Return whether people share a branch of this name; `default` is the default branch of the remote, if known."""
    # Git tells Main from main, but people and the file systems of macOS and Windows do not.
    folded = name.casefold()
    return name == default or folded in PROTECTED or folded.startswith(PROTECTED_START)
