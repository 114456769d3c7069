"""The SQL statements of the store: one connection, used by one thread at a time."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ci_mcp_kit.sqlite_file import writing
from drone_mcp_state.codec import decode_build, decode_transitions, encode_build, encode_transitions
from drone_mcp_state.merge import is_settled
from drone_mcp_state.records import FEED_LENGTH, Change, Changes, Feed, FeedHealth, Record, Seen, receive
from drone_mcp_state.sqlite_schema import connect, name_feed

if TYPE_CHECKING:
    from collections.abc import Generator

    from drone_mcp_client.models import Repo

_COLUMNS = "slug, body, source, seen_at, place"
_PAGE = 200
_CACHED = 512  # recently changed builds, kept decoded


class SqliteDatabase:
    """The synchronous part of the SQLite store."""

    def __init__(self, path: str) -> None:
        self._db = connect(path)
        self._feed = Feed(self._db.execute("SELECT value FROM facts WHERE name = 'feed'").fetchone()[0])
        self._cache: OrderedDict[tuple[str, int], Record] = OrderedDict()
        self._cache_version = self.data_version()

    def close(self) -> None:
        """Close the file; the last process to do so merges the write-ahead log into it."""
        self._db.close()

    def data_version(self) -> int:
        """Return a number that changes when another connection has written."""
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    @contextmanager
    def _writing(self) -> Generator[None]:
        # What was rolled back may be in the cache already.
        try:
            with writing(self._db):
                yield
        except BaseException:
            self._cache.clear()
            raise

    # Builds

    def apply(self, batch: list[Seen]) -> list[Change | None]:
        """Merge snapshots, in one transaction."""
        with self._writing():
            # Inside the transaction, so that nobody can write between this check and the merge. Our own writes do not
            # change the number (https://www.sqlite.org/pragma.html#pragma_data_version).
            version = self.data_version()
            if version != self._cache_version:  # another process has written
                self._cache.clear()
                self._cache_version = version
            place = self._end()
            changes = []
            touched = {}
            for seen in batch:
                key = (seen.slug, seen.build.number)
                known = self._cache.pop(key, None) or self.get(*key)
                record, change = receive(known, seen, self._feed.cursor(place + 1))
                place += change is not None
                self._cache[key] = touched[key] = record  # at the end, as it was used last
                changes.append(change)
            self._store(list(touched.values()), [change for change in changes if change], place)
            self._note_event(max((seen.at for seen in batch if seen.source == "webhook"), default=None))
        while len(self._cache) > _CACHED:
            self._cache.popitem(last=False)
        return changes

    def _store(self, records: list[Record], changes: list[Change], end: int) -> None:
        self._db.executemany(
            "INSERT INTO builds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (slug, number) DO UPDATE SET"
            " ref = excluded.ref, created = excluded.created, settled = excluded.settled, source = excluded.source,"
            " seen_at = excluded.seen_at, place = excluded.place, body = excluded.body",
            [
                (
                    r.slug,
                    r.build.number,
                    r.build.ref,
                    r.build.created,
                    is_settled(r.build),
                    r.source,
                    r.seen_at,
                    self._place(r.cursor),
                    encode_build(r.build),
                )
                for r in records
            ],
        )
        self._db.executemany(
            "INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (self._place(c.cursor), c.slug, c.number, c.status, c.source, c.at, encode_transitions(c.transitions))
                for c in changes
            ],
        )
        self._db.execute("DELETE FROM changes WHERE place <= ?", (end - FEED_LENGTH,))

    def _record(self, row: tuple[Any, ...]) -> Record:
        slug, body, source, seen_at, place = row
        return Record(slug, decode_build(body), source, seen_at, self._feed.cursor(place))

    def _one(self, where: str, *values: str | int) -> Record | None:
        row = self._db.execute(f"SELECT {_COLUMNS} FROM builds WHERE {where}", values).fetchone()  # noqa: S608 - our own text
        return self._record(row) if row else None

    def get(self, slug: str, number: int) -> Record | None:
        """Read one build."""
        return self._one("slug = ? AND number = ?", slug, number)

    def latest(self, slug: str, branch: str | None) -> Record | None:
        """Read the build with the highest number."""
        if branch is None:
            return self._one("slug = ? ORDER BY number DESC LIMIT 1", slug)
        return self._one("slug = ? AND ref = ? ORDER BY number DESC LIMIT 1", slug, f"refs/heads/{branch}")

    def newest(self, slug: str, limit: int) -> tuple[Record, ...]:
        """List the builds with the highest numbers, the highest first."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM builds WHERE slug = ? ORDER BY number DESC LIMIT ?",  # noqa: S608 - our own text
            (slug, limit),
        )
        return tuple(self._record(row) for row in rows)

    def unfinished(self, limit: int) -> tuple[Record, ...]:
        """List builds that are not settled, newest first."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM builds WHERE NOT settled ORDER BY created DESC LIMIT ?",  # noqa: S608 - our own text
            (limit,),
        )
        return tuple(self._record(row) for row in rows)

    def page(self, after: tuple[str, int]) -> tuple[Record, ...]:
        """List the builds after one, ordered by name and number."""
        # By key and not by OFFSET, which would skip builds when others are deleted between two pages.
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM builds WHERE (slug, number) > (?, ?) ORDER BY slug, number LIMIT ?",  # noqa: S608 - our own text
            (*after, _PAGE),
        )
        return tuple(self._record(row) for row in rows)

    # Repositories

    def apply_repo(self, repo: Repo, at: float) -> None:
        """Store whether a repository is enabled, by the rule of `newer_repo`."""
        with self._writing():
            self._note_event(at)
            self._db.execute(
                "INSERT INTO repos VALUES (?, ?, ?, ?) ON CONFLICT (slug) DO UPDATE SET"
                " id = excluded.id, version = excluded.version, active = excluded.active"
                " WHERE (excluded.id, excluded.version) > (repos.id, repos.version)",
                (repo.slug, repo.id, repo.version, repo.active),
            )

    def repos(self) -> tuple[str, ...]:
        """List the known repositories that are not disabled."""
        rows = self._db.execute(
            "SELECT slug FROM (SELECT DISTINCT slug FROM builds UNION SELECT slug FROM repos)"
            " WHERE slug NOT IN (SELECT slug FROM repos WHERE NOT active) ORDER BY slug"
        )
        return tuple(slug for (slug,) in rows)

    # The change feed

    def _place(self, cursor: str) -> int:
        place = self._feed.position(cursor)
        if place is None:
            raise AssertionError(f"not a cursor of this feed: {cursor!r}")
        return place

    def _end(self) -> int:
        return int(self._db.execute("SELECT coalesce(max(place), 0) FROM changes").fetchone()[0])

    def cursor(self) -> str:
        """Return the cursor of the feed's end."""
        return self._feed.cursor(self._end())

    def changes(self, since: str, slug: str | None, number: int | None) -> Changes:
        """List the changes after a cursor."""
        end = self._end()
        place = self._feed.position(since)
        # A place behind the end is of a file that was replaced by an older copy of itself.
        if place is None or place > end:
            return Changes((), self._feed.cursor(end), complete=False)
        # Up to `end` only: another process may write meanwhile, and its changes would come again with the next cursor.
        rows = self._db.execute(
            "SELECT place, slug, number, status, source, at, transitions FROM changes"
            " WHERE place > :place AND place <= :end AND (:slug IS NULL OR slug = :slug)"
            " AND (:number IS NULL OR number = :number) ORDER BY place",
            {"place": place, "end": end, "slug": slug, "number": number},
        )
        items = tuple(
            Change(repo, build, status, source, at, decode_transitions(transitions), self._feed.cursor(of_change))
            for of_change, repo, build, status, source, at, transitions in rows
        )
        # Whether the feed still has all changes after `place`.
        oldest = self._db.execute("SELECT min(place) FROM changes").fetchone()[0]
        is_complete = oldest is None or place >= oldest - 1
        if not is_complete:
            last = self._db.execute("SELECT place FROM builds WHERE slug = ? AND number = ?", (slug, number)).fetchone()
            is_complete = last is not None and last[0] <= place
        return Changes(items, self._feed.cursor(end), complete=bool(is_complete))

    # Health, leadership, housekeeping

    def health(self) -> FeedHealth:
        """Read the times of the last events."""
        facts = dict(self._db.execute("SELECT name, value FROM facts WHERE name LIKE 'last\\_%' ESCAPE '\\'"))
        return FeedHealth(**facts)

    def _note_event(self, at: float | None) -> None:
        if at is not None:
            self._db.execute(
                "INSERT INTO facts VALUES ('last_event', ?)"
                " ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
                (at,),
            )

    def check_writable(self) -> None:
        """Write to the disk: a full one takes an empty transaction."""
        with self._writing():
            self._db.execute("INSERT OR REPLACE INTO facts VALUES ('probe', zeroblob(4096))")

    def record_event(self, at: float) -> None:
        """Record a delivery."""
        with self._writing():
            self._note_event(at)

    def record_reconciliation(self, at: float, missed: int) -> None:
        """Record a comparison with Drone."""
        names = ["last_reconciliation", "last_gap"] if missed else ["last_reconciliation"]
        with self._writing():
            self._db.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", [(name, at) for name in names])

    def retain(self, builds_per_repo: int, newer_than: float) -> int:
        """Delete builds that are too old or beyond the number per repository."""
        # Beyond the number only settled builds go, as callers may wait for the others.
        with self._writing():
            self._cache.clear()
            old = self._db.execute("DELETE FROM builds WHERE created < ?", (newer_than,)).rowcount
            surplus = self._db.execute(
                "DELETE FROM builds WHERE settled AND rowid IN (SELECT rowid FROM"
                " (SELECT rowid, row_number() OVER (PARTITION BY slug ORDER BY number DESC) AS rank FROM builds)"
                " WHERE rank > ?)",
                (builds_per_repo,),
            ).rowcount
            return old + surplus

    def snapshot(self, path: str) -> None:
        """Copy the current state into a new file, whose feed gets a name of its own."""
        # A copy of one moment while others write (https://www.sqlite.org/lang_vacuum.html, "VACUUM with INTO").
        self._db.execute("VACUUM INTO ?", (path,))
        copy = sqlite3.connect(path, isolation_level=None)
        try:
            name_feed(copy)
        finally:
            copy.close()
