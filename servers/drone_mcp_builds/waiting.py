"""Waiting for a build: until it ends or changes, or the time is up; then telling what happened."""

from __future__ import annotations

import logging
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from ci_mcp_kit.background import running
from ci_mcp_kit.concurrency import run_until_first
from drone_mcp_build import standing
from drone_mcp_builds import since
from drone_mcp_builds.following import Follower, Subject
from drone_mcp_builds.views import WaitView
from drone_mcp_client import status
from drone_mcp_client.errors import ServiceError
from drone_mcp_known.known import Reading, is_whole, news

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from drone_mcp_builds.following import Pause
    from drone_mcp_builds.reading import Reader
    from drone_mcp_client.models import Build

    Report = Callable[[float, float, str], Awaitable[None]]

logger = logging.getLogger(__name__)

LONGEST_SECONDS: Final = 45  # clients give up on a tool after a minute or so
REPORT_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What is waited for: a build that ends, or that is no longer as `cursor` says (by default as it is now)."""

    repo: str
    number: int
    until: Literal["finished", "change"]
    cursor: str | None
    seconds: float


class Waiter:
    """Waits. `clock` gives the Unix time, `pause` sleeps."""

    def __init__(self, reader: Reader, follower: Follower, clock: Callable[[], float], pause: Pause) -> None:
        self._reader = reader
        self._follower = follower
        self._clock = clock
        self._pause = pause

    async def wait(self, wish: Wish, report: Report) -> WaitView:
        """Return as soon as the wish is fulfilled, and at the latest when its time is up.

        Raises:
            ServiceError: the build cannot be read, and asking again would not help.
        """
        began = self._clock()
        first = await self._reader.find(wish.repo, wish.number, ahead=wish.seconds)
        before = standing.decode(wish.cursor, wish.repo, first.build) if wish.cursor else first.build
        watch = Watch(self._reader, wish, standing.encode(wish.repo, before), first, self._clock)
        if not watch.is_over():
            left = max(0.0, wish.seconds - (self._clock() - began))
            await self._until_over(watch, left, report)
        return self._answer(watch, before)

    async def _until_over(self, watch: Watch, seconds: float, report: Report) -> None:
        async with running(self._report, watch, report):
            await run_until_first(partial(watch.follow, self._follower), partial(self._pause, seconds))

    async def _report(self, watch: Watch, report: Report) -> None:
        """Tell the caller now and then that this goes on."""
        waited = 0.0
        while True:
            await self._pause(REPORT_SECONDS)
            waited += REPORT_SECONDS
            await report(waited, watch.wish.seconds, self._reader.told(watch.reading, watch.wish.repo).headline)

    def _answer(self, watch: Watch, before: Build) -> WaitView:
        view = self._reader.told(watch.reading, watch.wish.repo)
        finished = status.is_final(view.status)
        again = "Call drone_wait_for_build again with this cursor"
        return WaitView(
            finished=finished,
            changes=since.told(before, watch.reading.build),
            cursor=standing.encode(watch.wish.repo, watch.reading.build),
            build=view.model_copy(update={"next_step": ""}),
            note=watch.trouble,
            next_step=view.next_step if finished else again,
        )


class Watch:
    """One build under watch: the last reading of it, and what kept it from being read."""

    def __init__(self, reader: Reader, wish: Wish, mark: str, reading: Reading, clock: Callable[[], float]) -> None:
        self.wish = wish
        self.reading = reading
        self.trouble = ""
        self._reader = reader
        self._mark = mark
        self._clock = clock

    def is_over(self) -> bool:
        """Whether there is nothing more to wait for."""
        build = self.reading.build
        changed = self.wish.until == "change" and standing.differs(self._mark, self.wish.repo, build)
        return changed or status.is_final(build.status)

    async def follow(self, follower: Follower) -> None:
        """Read on until it is over."""
        async with aclosing(follower.follow(Subject(self.wish.repo, self.wish.number))) as told:
            async for build in told:
                await self._see(build)
                if self.is_over():
                    return

    async def _see(self, build: Build | None) -> None:
        """Take in news; of a build that has just ended, the stages that the news did not bring."""
        try:
            seen = Reading(build, "drone", self._clock()) if build else await self._read()
            merged = news(self.reading, seen)
            if status.is_final(merged.build.status) and not is_whole(merged.build):
                merged = news(merged, await self._reader.ask(self.wish.repo, self.wish.number))
        except ServiceError as error:
            if not error.retryable:
                raise
            logger.info("Waiting goes on: %s", error)
            self.trouble = f"Drone could not be asked meanwhile: {error.message}"
        else:
            self.reading, self.trouble = merged, ""

    async def _read(self) -> Reading:
        return await self._reader.find(self.wish.repo, self.wish.number)
