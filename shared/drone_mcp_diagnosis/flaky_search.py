"""Reads the newest builds of a repository for steps that pass and fail without a change."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_mcp_kit.concurrency import for_each
from drone_mcp_diagnosis.build_history import Chronicle, Requests
from drone_mcp_diagnosis.flaky_steps import flaky_steps

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from drone_mcp_client.models import Build
    from drone_mcp_diagnosis.flaky_steps import FlakyStep
    from drone_mcp_known.client_and_store import KnownAccess

    Report = Callable[[float, float | None, str | None], Awaitable[None]]

MOST_REQUESTS = 60  # in one call: a page of 100 builds or a build with its stages costs one
MOST_BUILDS = 500
DEFAULT_BUILDS = 50
_DAY = 86_400
_AT_ONCE = 20  # builds between two notes of progress
_ENDED = frozenset({"success", "failure", "error", "killed"})  # a skipped or declined build has run no step


@dataclass(frozen=True, slots=True)
class Window:
    """Which builds to look at: the newest `builds`, none older than `since` (Unix time; 0: any)."""

    builds: int
    since: float = 0

    @classmethod
    def of(cls, builds: int | None, days: int | None, now: float) -> Window:
        """Read the arguments: builds, days, or both."""
        most = builds or (MOST_BUILDS if days else DEFAULT_BUILDS)
        return cls(most, now - days * _DAY if days else 0)


@dataclass(frozen=True, slots=True)
class FlakySearch:
    """The flaky steps of a repository.

    Attributes:
        chronicle: what the builds were read with, which knows how far back they go.
        steps: the flaky ones, the highest lower bound of the failure rate first.
        builds: that were looked at, newest first.
        not_read: how many older builds of the window were not, for want of requests.
    """

    chronicle: Chronicle
    steps: tuple[FlakyStep, ...]
    builds: tuple[Build, ...]
    not_read: int


async def search_flaky_steps(access: KnownAccess, repo: str, window: Window, report: Report) -> FlakySearch:
    """Read the builds of a window, and find the flaky steps in them.

    Raises:
        ServiceError: Drone cannot be asked.
    """
    chronicle = Chronicle(await access.client(), access.known, access.builds, repo, Requests(MOST_REQUESTS))
    listed: list[Build] = []  # newest first
    async with aclosing(chronicle.back()) as batches:
        async for batch in batches:
            fresh = [build for build in batch if build.created >= window.since]
            listed += fresh
            # One that is too old is followed by older ones only.
            if len(fresh) < len(batch) or len(listed) >= window.builds:
                break
    listed = listed[: window.builds]
    read = await _whole(chronicle, listed, report)
    # Only the builds down to the first one that was not read count, so that rates are unbiased.
    end = read.index(None) if None in read else len(read)
    builds = tuple(build for build in read[:end] if build)
    return FlakySearch(chronicle, flaky_steps(builds), builds, len(listed) - len(builds))


async def _whole(chronicle: Chronicle, listed: Sequence[Build], report: Report) -> list[Build | None]:
    """Read the builds with their stages, newest first, as far as requests last: None stands for one that was not."""
    found: list[Build | None] = []
    for start in range(0, len(listed), _AT_ONCE):
        found += await for_each(listed[start : start + _AT_ONCE], lambda build: _read(chronicle, build))
        await report(len(found), len(listed), f"{len(found)} of {len(listed)} builds read")
        if None in found:  # no request is left
            break
    return found


async def _read(chronicle: Chronicle, build: Build) -> Build | None:
    """Return a build with its stages, or as it is if it ran no step."""
    return await chronicle.whole(build) if build.status in _ENDED else build
