"""The store in the memory of one process."""

from __future__ import annotations

import secrets
from collections import deque
from dataclasses import replace
from heapq import nlargest
from typing import TYPE_CHECKING

from typing_extensions import override

from ci_mcp_kit.notes.memory import MemoryNotes
from drone_mcp_state.change_alarm import Alarm
from drone_mcp_state.merge import is_settled, newer_repo
from drone_mcp_state.records import FEED_LENGTH, Changes, Feed, FeedHealth, Seen, receive
from drone_mcp_state.store import BuildStateStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from drone_mcp_client.models import Build, Repo
    from drone_mcp_state.records import Change, Record, Source


class MemoryStore(BuildStateStore):
    """Keeps builds in dictionaries; a write wakes waiting tasks directly."""

    def __init__(self) -> None:
        super().__init__(Alarm(), MemoryNotes())
        self._feed = Feed(secrets.token_hex(4))
        self._end = 0
        self._changes: deque[Change] = deque(maxlen=FEED_LENGTH)
        self._builds: dict[str, dict[int, Record]] = {}
        self._repos: dict[str, Repo] = {}
        self._health = FeedHealth()

    @override
    async def apply(self, slug: str, build: Build, *, source: Source, at: float) -> Change | None:
        if source == "webhook":
            await self.record_event(at)
        builds = self._builds.setdefault(slug, {})
        next_place = self._feed.cursor(self._end + 1)
        builds[build.number], change = receive(builds.get(build.number), Seen(slug, build, source, at), next_place)
        if change is not None:
            self._end += 1
            self._changes.append(change)
            self._alarm.ring()
        return change

    @override
    async def get(self, slug: str, number: int) -> Record | None:
        return self._builds.get(slug, {}).get(number)

    @override
    async def latest(self, slug: str, branch: str | None = None) -> Record | None:
        found = (
            record
            for record in self._builds.get(slug, {}).values()
            if branch is None or record.build.ref == f"refs/heads/{branch}"
        )
        return max(found, key=lambda record: record.build.number, default=None)

    @override
    async def newest(self, slug: str, limit: int) -> tuple[Record, ...]:
        builds = self._builds.get(slug, {})
        return tuple(builds[number] for number in nlargest(limit, builds))

    @override
    async def unfinished(self, limit: int = 1000) -> tuple[Record, ...]:
        found = [record for record in self._all() if not is_settled(record.build)]
        return tuple(sorted(found, key=lambda record: record.build.created, reverse=True)[:limit])

    @override
    async def records(self) -> AsyncIterator[Record]:
        for record in self._all():
            yield record

    def _all(self) -> list[Record]:
        return [record for builds in self._builds.values() for record in builds.values()]

    @override
    async def apply_repo(self, repo: Repo, *, at: float) -> None:
        await self.record_event(at)
        self._repos[repo.slug] = newer_repo(self._repos.get(repo.slug), repo)

    @override
    async def repos(self) -> tuple[str, ...]:
        disabled = {slug for slug, repo in self._repos.items() if not repo.active}
        return tuple(sorted((self._builds.keys() | self._repos.keys()) - disabled))

    @override
    async def cursor(self) -> str:
        return self._feed.cursor(self._end)

    @override
    async def changes(self, since: str, slug: str | None = None, number: int | None = None) -> Changes:
        end = self._feed.cursor(self._end)
        place = self._feed.position(since)
        if place is None or place > self._end:
            return Changes((), end, complete=False)
        oldest = self._end - len(self._changes)  # the feed has no gaps
        later = list(self._changes)[max(place - oldest, 0) :]
        found = tuple(c for c in later if slug in {None, c.slug} and number in {None, c.number})
        # Before the oldest change of the feed, a build shows itself that it has not changed since.
        record = self._builds.get(slug or "", {}).get(number or 0)
        is_untouched = record is not None and (self._feed.position(record.cursor) or 0) <= place
        return Changes(found, end, complete=place >= oldest or is_untouched)

    @override
    async def health(self) -> FeedHealth:
        return self._health

    @override
    async def check_writable(self) -> None:
        pass

    @override
    async def record_event(self, at: float) -> None:
        known = self._health
        self._health = FeedHealth(max(at, known.last_event or at), known.last_reconciliation, known.last_gap)

    @override
    async def record_reconciliation(self, at: float, *, missed: int = 0) -> None:
        gap = at if missed else self._health.last_gap
        self._health = replace(self._health, last_reconciliation=at, last_gap=gap)

    @override
    async def retain(self, *, builds_per_repo: int, newer_than: float) -> int:
        dropped = 0
        for builds in self._builds.values():
            old = [number for number, record in builds.items() if record.build.created < newer_than]
            # `or None`: for a number of 0 all are surplus, and a slice up to -0 would be empty.
            surplus = sorted(builds.keys() - set(old))[: -builds_per_repo or None]
            gone = old + [number for number in surplus if is_settled(builds[number].build)]
            for number in gone:
                del builds[number]
            dropped += len(gone)
        return dropped

    @override
    async def close(self) -> None:
        await self._alarm.stop()
