"""Compares the state with Drone periodically and corrects it where deliveries were lost.

One round takes one request for the newest build of every repository, one for each repository with new builds and one
for each unfinished build, all within the request limit. A lease in the store lets one receiver at a time do it.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import anyio
import anyio.lowlevel

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
from drone_mcp_state import StoreError, lacks_details
from drone_mcp_webhooks import metrics as m
from drone_mcp_webhooks.drone_request_budget import RequestLimitReached

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from drone_mcp_client.client import DroneClient
    from drone_mcp_client.models import Build
    from drone_mcp_state import BuildStateStore

logger = logging.getLogger(__name__)

T = TypeVar("T")

LEASE = "reconciler"
NEWEST = 25  # page size when listing the builds of a repository
GRACE = 30.0  # seconds before a missing delivery counts as lost; covers the difference between the clocks
HOUR = 3600.0
DAY = 24 * HOUR

# Errors after which every further request of the round would fail as well.
FATAL = (AuthenticationFailed, RateLimited, TimedOut, Unreachable)


class RoundInterrupted(Exception):
    """The round ends early: request limit reached, lease lost or Drone unavailable. Its findings so far are stored."""


@dataclass
class Round:
    """One comparison: when it began (`at`), when the previous one ended (`before`), and its findings."""

    at: float
    before: float | None
    missed: int = 0
    ended: set[tuple[str, int]] = field(default_factory=set)
    """Builds found to have ended since the previous round, whose stages may not be stored."""

    def count_if_missed(self, build: Build) -> None:
        """Count a change for which a delivery should have arrived by now.

        Drone sends no webhook for a declined build, and the one for a started build only with its first step
        (harness/drone v2.25.0, `handler/api/repos/builds/stages/decline.go`, `operator/manager/updater.go`).
        """
        happened = build.finished if is_final(build.status) else build.started or build.created
        if self.before is not None and build.status != "declined" and happened < self.at - GRACE:
            self.missed += 1


@dataclass
class Reconciler:
    """Compares until it is cancelled. `period` is in seconds, `now` returns Unix time, `pause` sleeps on that clock."""

    store: BuildStateStore
    drone: DroneClient
    holder: str
    period: float = 60.0
    metrics: m.Metrics = field(default_factory=m.Metrics)
    now: Callable[[], float] = time.time
    pause: Callable[[float], Awaitable[None]] = anyio.sleep
    bind: Callable[[], Awaitable[None]] = anyio.lowlevel.checkpoint
    """Raises `StoreError` if the store is not for this Drone."""
    _listed: dict[str, int] = field(default_factory=dict)  # slug -> its newest build when last listed
    _unreadable: dict[tuple[str, int], float] = field(default_factory=dict)  # deleted or forbidden -> when found so
    _lists_first: bool = True  # alternates: the limit may not suffice for both kinds of requests
    _wake: anyio.Event = field(default_factory=anyio.Event)

    def compare_now(self) -> None:
        """Start the next round at once, for example after a lost delivery."""
        self._wake.set()

    async def run(self) -> None:
        """Compare once in each period, or four times as often while the feed is not alive."""
        while True:
            seconds = self.period
            try:
                await self.bind()
                if await self.hold_lease():
                    await self.compare_once()
                    # Without deliveries these rounds are the only source of changes.
                    seconds *= 1 if (await self.store.health()).is_alive(self.now()) else 0.25
            except StoreError as error:
                self.metrics.leader.set(0)
                logger.warning("No comparison with Drone: %s", error)
            await run_until_first(partial(self.pause, seconds), self._wake.wait)
            # An event of anyio cannot be reset.
            self._wake = anyio.Event()

    def note_fault(self) -> None:
        """Count a failure that nobody expected; until the next round, this process compares nothing."""
        self.metrics.leader.set(0)
        self.metrics.faults.labels("reconciler").inc()

    async def hold_lease(self) -> bool:
        """Acquire or renew the lease; return whether this process holds it."""
        # It is renewed once a period at least: one failed renewal must not hand it to another receiver.
        held = await self.store.notes.hold_lease(LEASE, self.holder, 2.5 * self.period, at=self.now())
        self.metrics.leader.set(int(held))
        return held

    async def release_lease(self) -> None:
        """Release the lease, so that another receiver takes over at once."""
        await self.store.notes.release_lease(LEASE, self.holder)

    async def compare_once(self) -> Round:
        """Run one round. Only a complete one counts as a comparison for the feed's health."""
        current = Round(self.now(), (await self.store.health()).last_reconciliation)
        try:
            await self._compare(current)
        except RoundInterrupted as error:
            logger.warning("A comparison with Drone ended early: %s", error)
        else:
            await self.store.record_reconciliation(self.now(), missed=current.missed)
        self.metrics.missed.inc(current.missed)
        return current

    async def _compare(self, current: Round) -> None:
        # Asked again after an hour: the token may have got the permission meanwhile.
        self._unreadable = {key: at for key, at in self._unreadable.items() if current.at - at < HOUR}
        repos = await self._send(self.drone.repos(latest=True))
        self._lists_first = not self._lists_first
        newest = {repo.slug: repo.build for repo in repos or () if repo.build is not None}
        for slug, build in newest.items():
            await self._apply(current, slug, build)
        # What is read here is not due any more when it is this function's turn again below.
        if not self._lists_first:
            await self._refresh_unfinished(current)
        # The newest first, as the request limit may end the round in between.
        for slug, build in sorted(newest.items(), key=lambda item: -item[1].created):
            if build.number <= self._listed.get(slug, 0):
                continue
            for new in await self._send(self.drone.build_page(slug, 1, NEWEST)) or ():
                await self._apply(current, slug, new)
            # Only after the page was applied: a round that ends early lists the repository again.
            self._listed[slug] = build.number
        # Again, for builds that the lists have just brought.
        await self._refresh_unfinished(current)
        for slug, number in current.ended:
            record = await self.store.get(slug, number)
            if record is not None and lacks_details(record.build):
                await self._refresh(current, slug, number)

    async def _refresh_unfinished(self, current: Round) -> None:
        # The limit may not suffice for all: builds without details come first, then those not read for longest.
        for record in sorted(await self.store.unfinished(), key=lambda r: (not lacks_details(r.build), r.seen_at)):
            build = record.build
            if (record.slug, build.number) in self._unreadable:
                continue
            # Once a period, or after a day once per 24th of its age.
            age = current.at - build.created
            wait = 0.2 * self.period if age < DAY else age / 24
            if lacks_details(build) or current.at - record.seen_at >= wait:
                await self._refresh(current, record.slug, build.number)

    async def _refresh(self, current: Round, slug: str, number: int) -> None:
        build = await self._send(self.drone.build(slug, number))
        if build is None:
            self._unreadable[slug, number] = current.at
        else:
            await self._apply(current, slug, build)

    async def _apply(self, current: Round, slug: str, build: Build) -> None:
        # Read before it is applied, as the change alone does not show whether the status is a new one.
        known = await self.store.get(slug, build.number)
        change = await self.store.apply(slug, build, source="reconciler", at=self.now())
        if change is not None and (known is None or known.build.status != change.status):
            current.count_if_missed(build)
        # The builds of a first list are history: a reader that needs their stages requests them from Drone.
        if change is not None and is_final(build.status) and slug in self._listed:
            current.ended.add((slug, build.number))

    async def _send(self, request: Awaitable[T]) -> T | None:
        """Send one request; return None if the resource is deleted or the token may not read it."""
        try:
            answer = await request
        except (NotFound, PermissionDenied):
            self.metrics.requests.labels("not_found").inc()
            return None
        except RequestLimitReached as error:
            raise RoundInterrupted(str(error)) from error
        except FATAL as error:
            self.metrics.requests.labels("failed").inc()
            raise RoundInterrupted(str(error)) from error
        except ServiceError as error:
            self.metrics.requests.labels("failed").inc()
            logger.warning("Drone did not answer a comparison: %s", error)
            return None
        self.metrics.requests.labels("ok").inc()
        # With every answer, because a round can take longer than the lease: two receivers must not both ask Drone.
        if not await self.hold_lease():
            raise RoundInterrupted("another receiver compares now")
        return answer
