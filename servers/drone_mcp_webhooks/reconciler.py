"""Compares the state with Drone, now and then: what deliveries did not tell is found and put right.

One round costs one request for the newest build of every repository, one for each repository that has new builds,
and one for each build that still moves, all within a budget. One receiver at a time does it, by a lease in the store.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import anyio

from ci_mcp_kit.concurrency import run_until_first
from drone_mcp_client.errors import (
    AuthenticationFailed,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServiceError,
    TimedOut,
    Unreachable,
)
from drone_mcp_client.status import is_final
from drone_mcp_state import StoreUnavailable, lacks_details
from drone_mcp_webhooks import metrics as m
from drone_mcp_webhooks.budget import BudgetSpent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from drone_mcp_client.client import DroneClient
    from drone_mcp_client.models import Build
    from drone_mcp_state import BuildStateStore, Record

logger = logging.getLogger(__name__)

T = TypeVar("T")

LEASE = "reconciler"
NEWEST = 25  # builds of a repository that one request lists
GRACE = 30.0  # seconds that a delivery may take before its absence counts, the clocks' difference included
HOUR = 3600.0
DAY = 24 * HOUR

# With these, every further request of the round would fail alike.
HOPELESS = (AuthenticationFailed, RateLimited, TimedOut, Unreachable)


class Interrupted(Exception):
    """The round ends here: no budget, no lease, or no Drone. What it has found is kept."""


@dataclass(frozen=True)
class Pace:
    """How often, in seconds."""

    period: float = 60.0


@dataclass
class Round:
    """One comparison: when it began, when the one before ended, and what it found."""

    at: float
    before: float | None
    missed: int = 0
    ended: set[tuple[str, int]] = field(default_factory=set)
    """Builds found to have ended since, whose stages may never have been seen."""

    def judge(self, build: Build) -> None:
        """Count a change that a delivery should have told by now.

        Drone sends none for what is declined, and tells of a start only with the first step's.
        """
        happened = build.finished if is_final(build.status) else build.started or build.created
        if self.before is not None and build.status != "declined" and happened < self.at - GRACE:
            self.missed += 1


@dataclass
class Reconciler:
    """Keeps comparing until it is cancelled. `now` is Unix time; `pause` sleeps, in the same time."""

    store: BuildStateStore
    drone: DroneClient
    holder: str
    pace: Pace = Pace()
    metrics: m.Metrics = field(default_factory=m.Metrics)
    now: Callable[[], float] = time.time
    pause: Callable[[float], Awaitable[None]] = anyio.sleep
    _listed: dict[str, int] = field(default_factory=dict)  # the newest number when a repository was last listed
    _unreadable: dict[tuple[str, int], float] = field(default_factory=dict)  # gone or not for this token, since when
    _lists_first: bool = True  # in turns, since the budget may be too small for both kinds of requests
    _hurry: anyio.Event = field(default_factory=anyio.Event)

    def hurry(self) -> None:
        """Compare at once: a delivery has just been lost."""
        self._hurry.set()

    async def run(self) -> None:
        """Compare, once in each period, or four times while the feed cannot be relied on."""
        while True:
            seconds = self.pace.period
            try:
                if await self.hold():
                    await self.round()
                    seconds *= 1 if (await self.store.health()).is_alive(self.now()) else 0.25
            except StoreUnavailable as error:
                logger.warning("No comparison with Drone: %s", error)
            await run_until_first(partial(self.pause, seconds), self._hurry.wait)
            self._hurry = anyio.Event()

    async def hold(self) -> bool:
        """Be the one who compares, or learn that another is."""
        held = await self.store.notes.hold_lease(LEASE, self.holder, 2.5 * self.pace.period, at=self.now())
        self.metrics.leader.set(int(held))
        return held

    async def stop(self) -> None:
        """Let another one compare."""
        await self.store.notes.release_lease(LEASE, self.holder)

    async def round(self) -> Round:
        """Compare once. Only a round that came to its end counts as a comparison in the feed's health."""
        current = Round(self.now(), (await self.store.health()).last_reconciliation)
        try:
            await self._compare(current)
        except Interrupted as error:
            logger.warning("A comparison with Drone ended early: %s", error)
        else:
            await self.store.record_reconciliation(self.now(), missed=current.missed)
        self.metrics.missed.inc(current.missed)
        return current

    async def _compare(self, current: Round) -> None:
        self._unreadable = {key: at for key, at in self._unreadable.items() if current.at - at < HOUR}
        repos = await self._ask(self.drone.repos(latest=True))
        self._lists_first = not self._lists_first
        newest = {repo.slug: repo.build for repo in repos or () if repo.build is not None}
        for slug, build in newest.items():
            await self._tell(current, slug, build)
        if not self._lists_first:
            await self._refresh_unfinished(current)
        for slug, build in sorted(newest.items(), key=lambda item: -item[1].created):
            await self._list(current, slug, build.number)
        await self._refresh_unfinished(current)
        for slug, number in current.ended:
            record = await self.store.get(slug, number)
            if record is not None and lacks_details(record.build):
                await self._refresh(current, slug, number)

    async def _refresh_unfinished(self, current: Round) -> None:
        # The budget may not last for all: first those of which nothing is known, then those not seen for longest.
        for record in sorted(await self.store.unfinished(), key=lambda r: (not lacks_details(r.build), r.seen_at)):
            if self._is_due(record, current.at):
                await self._refresh(current, record.slug, record.build.number)

    def _is_due(self, record: Record, at: float) -> bool:
        """Tell whether a moving build is to be read: in every period, an old one in each 24th part of its age."""
        if (record.slug, record.build.number) in self._unreadable:
            return False
        age = at - record.build.created
        wait = 0.2 * self.pace.period if age < DAY else age / 24
        return lacks_details(record.build) or at - record.seen_at >= wait

    async def _list(self, current: Round, slug: str, number: int) -> None:
        """Learn of all builds since the last list, up to a page of them."""
        listed = self._listed.get(slug)
        if listed is not None and number <= listed:
            return
        for build in await self._ask(self.drone.build_page(slug, 1, NEWEST)) or ():
            await self._tell(current, slug, build)
        self._listed[slug] = number

    async def _refresh(self, current: Round, slug: str, number: int) -> None:
        build = await self._ask(self.drone.build(slug, number))
        if build is None:
            self._unreadable[slug, number] = current.at
        else:
            await self._tell(current, slug, build)

    async def _tell(self, current: Round, slug: str, build: Build) -> None:
        known = await self.store.get(slug, build.number)
        change = await self.store.apply(slug, build, source="reconciler", at=self.now())
        if change is not None and (known is None or known.build.status != change.status):
            current.judge(build)
        # The builds of a first list are history: who asks for one of them finds its stages at Drone.
        if change is not None and is_final(build.status) and slug in self._listed:
            current.ended.add((slug, build.number))

    async def _ask(self, request: Awaitable[T]) -> T | None:
        """Send one request; None for what this token may not read or what is gone."""
        try:
            answer = await request
        except (NotFound, PermissionDenied):
            self.metrics.requests.labels("not_found").inc()
            return None
        except BudgetSpent as error:
            raise Interrupted(str(error)) from error
        except HOPELESS as error:
            self.metrics.requests.labels("failed").inc()
            raise Interrupted(str(error)) from error
        except ServiceError as error:
            self.metrics.requests.labels("failed").inc()
            logger.warning("Drone did not answer a comparison: %s", error)
            return None
        self.metrics.requests.labels("ok").inc()
        if not await self.hold():
            raise Interrupted("another receiver compares now")
        return answer
