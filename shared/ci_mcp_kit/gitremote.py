"""Finds the repository that a directory is a clone of, by its git configuration and without running git."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_MAX_CONFIG = 2**16  # bytes; the remotes come early, and whatever the file holds, it is not read whole
_MAX_PARENTS = 32  # folders above; a clone is not nested deeper
_SECTION = re.compile(r'^\s*\[\s*(\w[\w.-]*)(?:\s+"([^"\n]*)")?\s*\]')
_URL = re.compile(r"^\s*url\s*=\s*(\S+)\s*$")
# https://host/owner/name.git, ssh://git@host:22/owner/name, git@host:owner/name.git
_SLUG = re.compile(r"^(?:[a-z+]+://[^/\s]+/|[^/:\s]+:)/?([^/\s:]+)/([^/\s:]+?)(?:\.git)?/?$")


def remote_repo(directory: Path) -> str | None:
    """Return "owner/name" of the clone that `directory` is in, by its `origin` remote or its only one, or None."""
    urls: dict[str, str] = {}
    remote: str | None = None
    for line in (_config_text(directory) or "").splitlines():
        if section := _SECTION.match(line):
            remote = section[2] if section[1].lower() == "remote" else None
        elif remote and (found := _URL.match(line)):
            urls.setdefault(remote, found[1])
    url = urls.get("origin") or (next(iter(urls.values())) if len(urls) == 1 else None)
    match = _SLUG.match(url) if url else None
    return f"{match[1]}/{match[2]}" if match else None


def _config_text(directory: Path) -> str | None:
    for place in (directory, *directory.parents[:_MAX_PARENTS]):
        git = place / ".git"
        try:
            if git.is_dir():
                return _head(git / "config")
            if git.is_file():
                return _linked_config(git)
        except OSError:
            return None
    return None


def _linked_config(git_file: Path) -> str | None:
    """Follow the `.git` file of a worktree or submodule (https://git-scm.com/docs/gitrepository-layout)."""
    kind, _, target = _head(git_file).partition(":")
    if kind != "gitdir":
        return None
    folder = git_file.parent / target.strip()
    common = folder / "commondir"
    if common.is_file():
        folder = folder / _head(common).strip()
    return _head(folder / "config")


def _head(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_MAX_CONFIG).decode(errors="replace")
