"""What every store does, whatever it keeps the state in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import partial
from typing import TYPE_CHECKING

import anyio

from ci_mcp_kit.concurrency import run_all
from drone_mcp_state.batching import LARGEST_BATCH

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ci_mcp_kit.notes.notes import Notes
    from drone_mcp_client.models import Build, Repo
    from drone_mcp_state.alarm import Alarm
    from drone_mcp_state.records import Change, Changes, FeedHealth, Record, Source


class BuildStateStore(ABC):
    """What is known of builds, shared by those who learn it and those who ask.

    Every method may raise `StoreUnavailable`. Times are Unix seconds that the caller gives: a store has no clock.
    A cursor is a place in the change feed: opaque, valid in every process that opens the same store. A cursor that
    is not this store's, or older than what it keeps, is answered with `complete=False`, never with an error.
    """

    def __init__(self, alarm: Alarm, notes: Notes) -> None:
        self._alarm = alarm
        self.notes = notes
        """The notes and leases that are kept at the same address."""

    # Builds

    @abstractmethod
    async def apply(self, slug: str, build: Build, *, source: Source, at: float) -> Change | None:
        """Merge a snapshot in; return once it is durable, with the change that it made or None for nothing new.

        A snapshot from a webhook also counts as a sign of life (`FeedHealth.last_event`).
        """

    @abstractmethod
    async def get(self, slug: str, number: int) -> Record | None:
        """Read one build."""

    @abstractmethod
    async def latest(self, slug: str, branch: str | None = None) -> Record | None:
        """Read the build with the highest number, of a branch as Drone means it: `ref` is `refs/heads/<branch>`."""

    @abstractmethod
    async def newest(self, slug: str, limit: int) -> tuple[Record, ...]:
        """List the builds with the highest numbers, the highest first. Numbers that nobody told of are left out."""

    @abstractmethod
    async def unfinished(self, limit: int = 1000) -> tuple[Record, ...]:
        """List builds of which more is expected (see `is_settled`), newest first."""

    @abstractmethod
    def records(self) -> AsyncIterator[Record]:
        """Walk through all builds, in no particular order; builds that change meanwhile may be seen in either state."""

    # Repositories

    @abstractmethod
    async def apply_repo(self, repo: Repo, *, at: float) -> None:
        """Remember whether a repository is enabled; also a sign of life. Late news lose (see `newer_repo`)."""

    @abstractmethod
    async def repos(self) -> tuple[str, ...]:
        """List repositories that were heard of and not disabled since, by name."""

    # The change feed

    @abstractmethod
    async def cursor(self) -> str:
        """The end of the change feed."""

    @abstractmethod
    async def changes(self, since: str, slug: str | None = None, number: int | None = None) -> Changes:
        """List what changed after a cursor: anywhere, in a repository, or in one build of it."""

    async def wait(self, slug: str, number: int | None, cursor: str, timeout: float) -> Changes:  # noqa: ASYNC109 - an answer, not an error
        """Wait for a change after `cursor`, at most `timeout` seconds; return at once if there is one.

        It is a change of one build, or without a number of any build of the repository.

        The answer is false (`if not changes`) when the time went by without one.
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
        """Tell when the feed was last heard of."""

    @abstractmethod
    async def record_event(self, at: float) -> None:
        """Note a verified delivery that changed no build."""

    @abstractmethod
    async def record_reconciliation(self, at: float, *, missed: int = 0) -> None:
        """Note a finished comparison with Drone, and how many changes it found that no delivery had told."""

    @abstractmethod
    async def retain(self, *, builds_per_repo: int, newer_than: float) -> int:
        """Drop builds beyond a number per repository, and those made before a time; return how many.

        Builds of which more is expected count, but only age removes them.
        """

    async def take(self, other: BuildStateStore) -> int:
        """Merge all builds of another store in, as after a restart from a copy; return how many there were."""
        count = 0
        async for batch in _batches(other.records()):
            await run_all(*(partial(self.apply, r.slug, r.build, source=r.source, at=r.seen_at) for r in batch))
            count += len(batch)
        return count

    @abstractmethod
    async def close(self) -> None:
        """Finish what was submitted and let go of the store."""


async def _batches(records: AsyncIterator[Record]) -> AsyncIterator[list[Record]]:
    batch: list[Record] = []
    async for record in records:
        batch.append(record)
        if len(batch) == LARGEST_BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
