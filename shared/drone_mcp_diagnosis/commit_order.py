"""Orders builds by their commits. Pure.

Build numbers follow the commits of a branch, except where an old commit is built again: by a restart, a cron job, or a
person. Such a build is newer, but what it shows is older.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drone_mcp_client.models import Build


def first_numbers(builds: Iterable[Build]) -> dict[int, int]:
    """Return, for each build by its number, the number of the first build of its commit, as far as it is known."""
    known = list(builds)
    first: dict[str, int] = {}
    for build in known:
        commit = _commit(build)
        first[commit] = min(build.number, build.parent or build.number, first.get(commit, build.number))
    return {build.number: first[_commit(build)] for build in known}


def is_same_commit(one: Build, other: Build) -> bool:
    """Return whether two builds are of the same commit."""
    return _commit(one) == _commit(other)


def newest_commit_first(builds: Iterable[Build]) -> list[Build]:
    """Sort builds by their commits, the newest first, and those of one commit by their numbers."""
    known = list(builds)
    first = first_numbers(known)
    return sorted(known, key=lambda build: (-first[build.number], -build.number))


def placed(builds: Iterable[Build]) -> list[Build]:
    """Return the builds whose commit is among those listed, and not one from before the oldest of them."""
    known = list(builds)
    first, oldest = first_numbers(known), min((build.number for build in known), default=0)
    return [build for build in known if first[build.number] >= oldest]


def _commit(build: Build) -> str:
    return build.after or f"build {build.number}"
