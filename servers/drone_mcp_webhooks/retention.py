"""Keeps the store from growing without bound."""

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
class Keep:
    """How much is kept: builds per repository, and seconds since a build was made."""

    builds_per_repo: int = 500
    seconds: float = 90 * DAY


@dataclass
class Retention:
    """Drops what is too much, once an hour, until it is cancelled."""

    store: BuildStateStore
    keep: Keep = field(default_factory=Keep)
    metrics: m.Metrics = field(default_factory=m.Metrics)
    now: Callable[[], float] = time.time
    pause: Callable[[float], Awaitable[None]] = anyio.sleep

    async def run(self) -> None:
        """Drop, wait, drop."""
        while True:
            try:
                await self.drop()
            except StoreUnavailable as error:
                logger.warning("Old builds could not be dropped: %s", error)
            await self.pause(HOUR)

    async def drop(self) -> int:
        """Drop once; return how many builds that were."""
        newer_than = self.now() - self.keep.seconds
        dropped = await self.store.retain(builds_per_repo=self.keep.builds_per_repo, newer_than=newer_than)
        self.metrics.retained.inc(dropped)
        return dropped
