"""Reads the builds of repositories over a span of time: from the store, else from Drone within a budget of requests."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.concurrency import for_each
from drone_mcp_diagnosis.build_history import Chronicle, Requests
from drone_mcp_known.known import is_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drone_mcp_client.models import Build, Repo
    from drone_mcp_known.client_and_store import KnownAccess

MOST_REQUESTS: Final = 60  # in one call: a page of 100 builds, or a build with its stages, costs one
MOST_BUILDS: Final = 500  # of one repository
MOST_REPOS: Final = 30
_AT_ONCE: Final = 20  # builds between two looks at the budget
_RAN: Final = frozenset({"success", "failure", "error", "killed"})  # others have run no step


@dataclass(frozen=True, slots=True)
class History:
    """The builds of a repository, newest first, none older than asked for.

    Attributes:
        not_read: how many of them were listed, and are missing for want of requests.
        is_cut: whether older ones were not even listed.
    """

    repo: str
    builds: tuple[Build, ...]
    not_read: int = 0
    is_cut: bool = False


async def read_history(
    access: KnownAccess, slug: str, since: float, requests: Requests, *, stages: bool, most: int = MOST_BUILDS
) -> History:
    """Read the builds of a repository since a time; `stages` says whether their stages and steps are needed.

    Raises:
        ServiceError: Drone cannot be asked.
    """
    chronicle = Chronicle(await access.client(), access.known, access.builds, slug, requests)
    listed: list[Build] = []
    reaches_back = False
    async with aclosing(chronicle.back()) as batches:
        async for batch in batches:
            fresh = [build for build in batch if build.created >= since]
            listed += fresh
            # Newest first, so that one that is too old is followed by older ones only; Drone numbers builds from 1.
            reaches_back = len(fresh) < len(batch) or batch[-1].number == 1
            if reaches_back or len(listed) >= most:
                break
        else:
            reaches_back = requests.left > 0
    is_cut = not reaches_back or len(listed) > most
    if not stages:
        return History(slug, tuple(listed[:most]), is_cut=is_cut)
    whole = await _read_stages(chronicle, listed[:most])
    return History(slug, tuple(whole), len(listed[:most]) - len(whole), is_cut)


async def _read_stages(chronicle: Chronicle, listed: Sequence[Build]) -> list[Build]:
    """Return the builds with their stages, down to the first one for which no request is left."""
    found: list[Build] = []
    for start in range(0, len(listed), _AT_ONCE):
        part = listed[start : start + _AT_ONCE]
        read = await for_each(part, lambda build: _read_whole(chronicle, build))
        # One that was not read would make a hole, and rates biased.
        end = read.index(None) if None in read else len(read)
        found += [build for build in read[:end] if build]
        if end < len(read):
            break
    return found


async def _read_whole(chronicle: Chronicle, build: Build) -> Build | None:
    return build if build.status not in _RAN or is_whole(build) else await chronicle.whole(build)


async def list_recent_repos(access: KnownAccess, since: float) -> tuple[list[Repo], int]:
    """List the active repositories with a build since a time, latest first, at most `MOST_REPOS`; and how many more.

    Raises:
        ServiceError: Drone cannot be asked.
    """
    drone = await access.client()
    repos = access.scope.only(await drone.repos(latest=True), lambda repo: repo.slug)
    recent = [(repo.build.created, repo) for repo in repos if repo.active and repo.build]
    found = [repo for at, repo in sorted(recent, key=lambda pair: -pair[0]) if at >= since]
    return found[:MOST_REPOS], max(0, len(found) - MOST_REPOS)
