"""Waits for a build to end or change, for a limited time, and answers with the changes."""

from __future__ import annotations

import logging
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from ci_mcp_kit.background import running
from ci_mcp_kit.concurrency import run_until_first
from drone_mcp_build import state_cursor
from drone_mcp_build.build_wording import clean_name
from drone_mcp_builds.following import Follower, Subject
from drone_mcp_builds.views import WaitView
from drone_mcp_client import status
from drone_mcp_client.errors import ServiceError
from drone_mcp_known.known import Observation, is_whole, merge_observations

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from drone_mcp_builds.following import Pause
    from drone_mcp_builds.reading import ViewReader
    from drone_mcp_client.models import Build
    from drone_mcp_known.reader import BuildReader

    Report = Callable[[float, float, str], Awaitable[None]]


logger = logging.getLogger(__name__)

MOST_LINES: Final = 30  # of changes

REPORT_SECONDS: Final = 5.0  # between two notes of progress


@dataclass(frozen=True, slots=True)
class WaitRequest:
    """A wait for a build to end, or to differ from `cursor` (by default from how it stands now)."""

    repo: str
    number: int
    until: Literal["finished", "change"]
    cursor: str | None
    seconds: float


class Waiter:
    """Answers `drone_wait_for_build`. `clock` gives the Unix time, `pause` sleeps."""

    def __init__(
        self, builds: BuildReader, reader: ViewReader, follower: Follower, clock: Callable[[], float], pause: Pause
    ) -> None:
        self._builds = builds
        self._reader = reader
        self._follower = follower
        self._clock = clock
        self._pause = pause

    async def wait(self, request: WaitRequest, report: Report) -> WaitView:
        """Return as soon as the build has ended or changed, and at the latest when the time is up.

        Raises:
            ServiceError: the build cannot be read, and the error is permanent.
        """
        began = self._clock()
        first = await self._reader.find(request.repo, request.number, ahead=request.seconds)
        before = state_cursor.decode(request.cursor, request.repo, first.build) if request.cursor else first.build
        wait = Wait(self._builds, request, state_cursor.encode(request.repo, before), first, self._clock)
        if not wait.is_over():
            # The first reading counts: the time limit of the client began with the call.
            left = max(0.0, request.seconds - (self._clock() - began))
            async with running(self._report, wait, report):
                await run_until_first(partial(wait.follow, self._follower), partial(self._pause, left))
        return await self._answer(wait, before)

    async def _report(self, wait: Wait, report: Report) -> None:
        """Report progress at intervals: a client may show it to a person, and extend its time limit."""
        waited = 0.0
        while True:
            await self._pause(REPORT_SECONDS)
            waited += REPORT_SECONDS
            view = await self._reader.view_of(wait.last, wait.request.repo)
            await report(waited, wait.request.seconds, view.headline)

    async def _answer(self, wait: Wait, before: Build) -> WaitView:
        repo = wait.request.repo
        view = await self._reader.view_of(wait.last, repo)
        finished = status.is_final(view.status)
        again = "Call drone_wait_for_build again with this cursor"
        return WaitView(
            finished=finished,
            changes=describe_changes(before, wait.last.build),
            cursor=state_cursor.encode(repo, wait.last.build),
            build=view.model_copy(update={"next_step": ""}),
            note=wait.trouble,
            next_step=view.next_step if finished else again,
        )


class Wait:
    """A wait in progress: `last` is the newest observation, `trouble` the reason why no newer one could be read."""

    def __init__(
        self, builds: BuildReader, request: WaitRequest, cursor: str, first: Observation, clock: Callable[[], float]
    ) -> None:
        self.request = request
        self.last = first
        self.trouble = ""
        self._builds = builds
        self._cursor = cursor
        self._clock = clock

    def is_over(self) -> bool:
        """Return whether the awaited change or end has come."""
        build = self.last.build
        changed = self.request.until == "change" and state_cursor.differs(self._cursor, self.request.repo, build)
        return changed or status.is_final(build.status)

    async def follow(self, follower: Follower) -> None:
        """Observe the build until the wait is over."""
        async with aclosing(follower.follow(Subject(self.request.repo, self.request.number))) as events:
            async for build in events:
                await self._observe(build)
                if self.is_over():
                    return

    async def _observe(self, build: Build | None) -> None:
        """Merge an event into `last`; an event without a build means that it has to be read."""
        repo, number = self.request.repo, self.request.number
        try:
            seen = Observation(build, "drone", self._clock()) if build else await self._builds.build(repo, number)
            # Events and readings overtake each other, so the versions of rows decide and not the order of arrival.
            merged = merge_observations(self.last, seen)
            if status.is_final(merged.build.status) and not is_whole(merged.build):
                # Events lack the stages that ended without a runner, so a build that has just ended is read once more.
                merged = merge_observations(merged, await self._builds.ask(repo, number))
        except ServiceError as error:
            # A short outage of Drone must not end a wait; the answer mentions it if it lasts to the end.
            if not error.retryable:
                raise
            logger.info("Waiting goes on: %s", error)
            self.trouble = f"Drone could not be asked meanwhile: {error.message}"
        else:
            self.last, self.trouble = merged, ""


def describe_changes(before: Build, now: Build) -> tuple[str, ...]:
    """Return one line for each change, those of the build first; steps that merely appeared are left out."""
    from drone_mcp_state import transitions  # noqa: PLC0415 - on first use, to start fast

    lines = []
    for found in transitions(before, now):
        if not found.before and found.after in {"pending", ""}:
            continue
        name = f" '{clean_name(found.name)}'" if found.name else ""
        what = f"stage {found.stage}" if found.stage else "build"
        what = f"step {found.step}{name} of {what}" if found.step else what + name
        change = f"{found.before} -> {found.after}" if found.before else found.after
        lines.append(f"{what}: {clean_name(change)}")
    more = len(lines) - MOST_LINES
    return tuple(lines[:MOST_LINES]) + ((f"and {more} more",) if more > 0 else ())
