"""Deletes old builds, so that the store does not grow without bound."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from drone_mcp_state import StoreUnavailable
from drone_mcp_webhooks import metrics as m

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from drone_mcp_state import BuildStateStore

logger = logging.getLogger(__name__)

HOUR = 3600.0
DAY = 24 * HOUR


@dataclass(frozen=True)
class RetentionLimits:
    """The builds to keep: the newest of each repository, created within the last `seconds`."""

    builds_per_repo: int = 500
    seconds: float = 90 * DAY


@dataclass
class Retention:
    """Drops builds beyond the limits once an hour, until it is cancelled."""

    store: BuildStateStore
    limits: RetentionLimits = field(default_factory=RetentionLimits)
    metrics: m.Metrics = field(default_factory=m.Metrics)
    now: Callable[[], float] = time.time
    pause: Callable[[float], Awaitable[None]] = anyio.sleep

    async def run(self) -> None:
        """Drop old builds once an hour."""
        while True:
            try:
                await self.drop_old_builds()
            except StoreUnavailable as error:
                logger.warning("Old builds could not be dropped: %s", error)
            await self.pause(HOUR)

    async def drop_old_builds(self) -> int:
        """Drop the builds beyond the limits; return their number."""
        newer_than = self.now() - self.limits.seconds
        dropped = await self.store.retain(builds_per_repo=self.limits.builds_per_repo, newer_than=newer_than)
        self.metrics.dropped_builds.inc(dropped)
        return dropped
