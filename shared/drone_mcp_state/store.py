"""The interface of all stores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import partial
from typing import TYPE_CHECKING

import anyio

from ci_mcp_kit.concurrency import run_all
from drone_mcp_state.batching import LARGEST_BATCH

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ci_mcp_kit.notes.base import Notes
    from drone_mcp_client.models import Build, Repo
    from drone_mcp_state.change_alarm import Alarm
    from drone_mcp_state.records import Change, Changes, FeedHealth, Record, Source


class BuildStateStore(ABC):
    """Keeps the state of builds, for processes that write it and processes that read it.

    Every method may raise `StoreUnavailable`. Times are Unix seconds that the caller passes: a store has no clock.
    A cursor is a place in the change feed: opaque, and valid in every process that opens the same store. A cursor of
    another store, or one older than the feed, is answered with `complete=False` and never with an error.
    """

    def __init__(self, alarm: Alarm, notes: Notes) -> None:
        self._alarm = alarm
        self.notes = notes
        """The notes and leases that are kept at the same address."""

    # Builds

    @abstractmethod
    async def apply(self, slug: str, build: Build, *, source: Source, at: float) -> Change | None:
        """Merge a snapshot; return once it is durable, with the change that it has made or None if it has made none.

        A snapshot from a webhook also sets `FeedHealth.last_event`.
        """

    @abstractmethod
    async def get(self, slug: str, number: int) -> Record | None:
        """Read one build."""

    @abstractmethod
    async def latest(self, slug: str, branch: str | None = None) -> Record | None:
        """Read the build with the highest number: of all, or of those with the ref `refs/heads/<branch>`."""

    @abstractmethod
    async def newest(self, slug: str, limit: int) -> tuple[Record, ...]:
        """List the builds with the highest numbers, the highest first; unknown builds are left out."""

    @abstractmethod
    async def unfinished(self, limit: int = 1000) -> tuple[Record, ...]:
        """List builds that are not settled (see `is_settled`), newest first."""

    @abstractmethod
    def records(self) -> AsyncIterator[Record]:
        """Iterate over all builds, in no particular order; of a build that changes meanwhile either state may come."""

    # Repositories

    @abstractmethod
    async def apply_repo(self, repo: Repo, *, at: float) -> None:
        """Store whether a repository is enabled, unless a newer state is stored (`newer_repo`); sets `last_event`."""

    @abstractmethod
    async def repos(self) -> tuple[str, ...]:
        """List the known repositories that are not disabled, by name."""

    # The change feed

    @abstractmethod
    async def cursor(self) -> str:
        """Return the cursor of the feed's end."""

    @abstractmethod
    async def changes(self, since: str, slug: str | None = None, number: int | None = None) -> Changes:
        """List the changes after a cursor: all, those of a repository, or those of one build."""

    async def wait(self, slug: str, number: int | None, cursor: str, timeout: float) -> Changes:  # noqa: ASYNC109 - its end is a result, not an error
        """Wait for a change of a build after `cursor`, at most `timeout` seconds; return at once if there is one.

        Without a number it waits for a change of any build of the repository. The result is false (`if not changes`) if
        there was no change in that time.
        """
        deadline = anyio.current_time() + timeout
        async with self._alarm.listening():
            while True:
                ring = self._alarm.next_ring
                found = await self.changes(cursor, slug, number)
                if found:
                    return found
                with anyio.CancelScope(deadline=deadline) as limit:
                    await ring.wait()
                if limit.cancelled_caught:
                    return found

    # Health, housekeeping

    @abstractmethod
    async def health(self) -> FeedHealth:
        """Read the times of the last events."""

    @abstractmethod
    async def check_writable(self) -> None:
        """Write something without effect; raise `StoreUnavailable`, with the reason, if the store takes no writes."""

    @abstractmethod
    async def record_event(self, at: float) -> None:
        """Record a verified delivery that changes no build."""

    @abstractmethod
    async def record_reconciliation(self, at: float, *, missed: int = 0) -> None:
        """Record a finished comparison with Drone, and how many changes without a delivery it has found."""

    @abstractmethod
    async def retain(self, *, builds_per_repo: int, newer_than: float) -> int:
        """Delete builds beyond a number per repository, and those created before a time; return how many.

        Builds that are not settled count, but only their age deletes them.
        """

    async def take(self, other: BuildStateStore) -> int:
        """Merge all builds of another store, for example of a copy after a restart; return how many there were."""
        count = 0
        async for batch in _batches(other.records()):
            await run_all(*(partial(self.apply, r.slug, r.build, source=r.source, at=r.seen_at) for r in batch))
            count += len(batch)
        return count

    @abstractmethod
    async def close(self) -> None:
        """Finish all submitted writes and close the store."""


async def _batches(records: AsyncIterator[Record]) -> AsyncIterator[list[Record]]:
    batch: list[Record] = []
    async for record in records:
        batch.append(record)
        if len(batch) == LARGEST_BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
