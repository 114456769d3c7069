"""The store in a SQLite file, which several processes of one machine share."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import anyio
from typing_extensions import override

from ci_mcp_kit.background import BackgroundThread
from ci_mcp_kit.notes.sqlite import SqliteNotes
from ci_mcp_kit.sqlite_file import describe
from ci_mcp_kit.store_errors import StoreUnavailable
from drone_mcp_state.batching import Batcher
from drone_mcp_state.change_alarm import Alarm
from drone_mcp_state.records import Change, Seen
from drone_mcp_state.sqlite_statements import SqliteDatabase
from drone_mcp_state.store import BuildStateStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from drone_mcp_client.models import Build, Repo
    from drone_mcp_state.records import Changes, FeedHealth, Record, Source

P = ParamSpec("P")
T = TypeVar("T")

# SQLite does not notify other processes of a write, and reading its number of changes takes some microseconds.
POLL_SECONDS = 0.02  # between checks for writes of other processes, while a task waits


class SqliteStore(BuildStateStore):
    """Runs the database in one thread of its own; snapshots that arrive together share a transaction."""

    def __init__(self, path: str, notes: SqliteNotes) -> None:
        super().__init__(Alarm(self._watch), notes)
        self._path = path
        self._thread = BackgroundThread("build-state")
        self._batcher: Batcher[Seen, Change | None] = Batcher(self._apply)
        self._db: SqliteDatabase

    @classmethod
    async def open(cls, path: str) -> SqliteStore:
        """Open the file, which is created if it is missing."""
        notes = await SqliteNotes.open(path)
        store = cls(path, notes)
        try:
            store._db = await store._run(SqliteDatabase, path)
        except BaseException:
            store._thread.end()
            await notes.close()
            raise
        return store

    async def _run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await self._thread.run(function, *args, **kwargs)
        # OverflowError: of a number beyond 64 bits.
        except (sqlite3.Error, OSError, OverflowError) as error:
            raise StoreUnavailable(describe(self._path, error)) from error

    async def _watch(self) -> AsyncIterator[None]:
        seen = None
        while True:
            try:
                version = await self._run(self._db.data_version)
            except StoreUnavailable:
                version = None  # waiting tasks read the store themselves and get the error
            if version != seen or version is None:
                seen = version
                yield
            await anyio.sleep(POLL_SECONDS)

    async def _apply(self, batch: list[Seen]) -> list[Change | None]:
        changes = await self._run(self._db.apply, batch)
        if any(changes):
            self._alarm.ring()
        return changes

    @override
    async def apply(self, slug: str, build: Build, *, source: Source, at: float) -> Change | None:
        return await self._batcher.submit(Seen(slug, build, source, at))

    @override
    async def get(self, slug: str, number: int) -> Record | None:
        return await self._run(self._db.get, slug, number)

    @override
    async def latest(self, slug: str, branch: str | None = None) -> Record | None:
        return await self._run(self._db.latest, slug, branch)

    @override
    async def newest(self, slug: str, limit: int) -> tuple[Record, ...]:
        return await self._run(self._db.newest, slug, limit)

    @override
    async def unfinished(self, limit: int = 1000) -> tuple[Record, ...]:
        return await self._run(self._db.unfinished, limit)

    @override
    async def records(self) -> AsyncIterator[Record]:
        after = ("", 0)
        while page := await self._run(self._db.page, after):
            for record in page:
                yield record
            after = (page[-1].slug, page[-1].build.number)

    @override
    async def apply_repo(self, repo: Repo, *, at: float) -> None:
        await self._run(self._db.apply_repo, repo, at)

    @override
    async def repos(self) -> tuple[str, ...]:
        return await self._run(self._db.repos)

    @override
    async def cursor(self) -> str:
        return await self._run(self._db.cursor)

    @override
    async def changes(self, since: str, slug: str | None = None, number: int | None = None) -> Changes:
        return await self._run(self._db.changes, since, slug, number)

    @override
    async def health(self) -> FeedHealth:
        return await self._run(self._db.health)

    @override
    async def check_writable(self) -> None:
        await self._run(self._db.check_writable)

    @override
    async def record_event(self, at: float) -> None:
        await self._run(self._db.record_event, at)

    @override
    async def record_reconciliation(self, at: float, *, missed: int = 0) -> None:
        await self._run(self._db.record_reconciliation, at, missed)

    @override
    async def retain(self, *, builds_per_repo: int, newer_than: float) -> int:
        return await self._run(self._db.retain, builds_per_repo, newer_than)

    async def copy_to(self, path: Path) -> None:
        """Write a copy as of one moment; `path` is absolute and new."""
        await self._run(self._db.snapshot, str(path))

    @override
    async def close(self) -> None:
        await self._batcher.drain()
        await self._alarm.stop()
        await self.notes.close()
        await self._run(self._db.close)
        self._thread.end()
