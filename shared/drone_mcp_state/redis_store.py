"""The store in Redis or Valkey, which several machines share.

A confirmed write is as durable as Redis is configured (`appendonly yes`, see
https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/). Nothing grows without limit: `retain`
limits builds, and the change feed has a length.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anyio
from redis.exceptions import NoScriptError
from typing_extensions import override

from ci_mcp_kit.notes.redis import RedisNotes
from ci_mcp_kit.redis_client import ANSWER_SECONDS, answering, connect
from ci_mcp_kit.store_errors import StoreUnavailable
from drone_mcp_state import redis_scripts as scripts
from drone_mcp_state.batching import Batcher
from drone_mcp_state.change_alarm import Alarm
from drone_mcp_state.records import Change, Changes, Feed, FeedHealth, Record, Seen
from drone_mcp_state.redis_codec import (
    FIELDS,
    Held,
    Key,
    NotHeld,
    change_of,
    drop_arguments,
    held_of,
    place_of,
    prepare,
    put_arguments,
    split_members,
)
from drone_mcp_state.redis_scripts import build_key, ref_key, repo_key
from drone_mcp_state.store import BuildStateStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from redis.asyncio import Redis

    from ci_mcp_kit.redis_client import Client
    from drone_mcp_client.models import Build, Repo
    from drone_mcp_state.records import Source


BLOCK_SECONDS = 2.0
PAUSE_SECONDS = 0.25  # before the next attempt to reach Redis
ROUNDS = 50  # attempts of a write while other processes write the same build
_CACHED = 512  # recently changed builds, kept decoded
_PAGE = 200


class RedisStore(BuildStateStore):
    """Writes optimistically: merges with the known state of a build, and again if another process was faster."""

    def __init__(self, client: Client, others: Sequence[Redis] = ()) -> None:
        super().__init__(Alarm(self._watch), RedisNotes(client))
        self._others = others
        self._redis: Any = client  # redis-py types its commands for both of its flavours at once
        self._batcher: Batcher[Seen, Change | None] = Batcher(self._apply)
        self._cache: OrderedDict[Key, Held] = OrderedDict()

    @classmethod
    async def open(cls, url: str) -> RedisStore:
        """Return the store; it connects to Redis when it is used."""
        return cls(*connect(url))

    # Builds

    @override
    async def apply(self, slug: str, build: Build, *, source: Source, at: float) -> Change | None:
        return await self._batcher.submit(Seen(slug, build, source, at))

    async def _apply(self, batch: list[Seen]) -> list[Change | None]:
        try:
            async with answering():
                changes = await self._write(batch)
        except BaseException:
            self._cache.clear()
            raise
        if any(changes):
            self._alarm.ring()
        return changes

    async def _write(self, batch: list[Seen]) -> list[Change | None]:
        results: dict[int, Change | None] = {}
        for _ in range(ROUNDS):
            left = {place: seen for place, seen in enumerate(batch) if place not in results}
            if not left:
                return [results[place] for place in range(len(batch))]
            results |= await self._attempt(left)
        raise StoreUnavailable("Redis is too busy with writes of the same builds")

    async def _attempt(self, batch: dict[int, Seen]) -> dict[int, Change | None]:
        """Write a batch, except for the builds that another process has written first."""
        keys = {(seen.slug, seen.build.number) for seen in batch.values()}
        # From the cache, and removed there as it may be stale; else from Redis.
        held: dict[Key, Held | NotHeld] = {key: self._cache.pop(key) for key in keys if key in self._cache}
        missing = [key for key in keys if key not in held]
        held |= dict(zip(missing, await self._read(missing), strict=True))
        writes = {}
        for place, seen in batch.items():
            key = (seen.slug, seen.build.number)
            writes[place] = write = prepare(held[key], seen)
            held[key] = write.after
        name, *ends = await self._put(put_arguments(writes.values()))
        feed = Feed(name.decode())
        changes: dict[int, Change | None] = {}
        for (place, write), end in zip(writes.items(), ends, strict=True):
            if end is None:
                continue
            record = replace(write.after.record, cursor=feed.cursor(int(end)))
            key = (record.slug, record.build.number)
            self._cache[key] = Held(write.after.revision, record)
            self._cache.move_to_end(key)
            changes[place] = write.change and replace(write.change, cursor=record.cursor)
        while len(self._cache) > _CACHED:
            self._cache.popitem(last=False)
        return changes

    async def _put(self, arguments: list[Any]) -> list[Any]:
        try:
            answer: list[Any] = await self._redis.evalsha(scripts.PUT_SHA, *arguments)
        # The cache of scripts is lost with a restart, a failover or SCRIPT FLUSH, and EVAL fills it again
        # (https://redis.io/docs/latest/develop/programmability/eval-intro/).
        except NoScriptError:
            answer = await self._redis.eval(scripts.PUT, *arguments)
        return answer

    async def _read(self, keys: Sequence[Key]) -> list[Held | NotHeld]:
        if not keys:
            return []
        calls = [[scripts.FACTS, "feed"], *([build_key(*key), *FIELDS] for key in keys)]
        [name], *rows = await self._pipelined("HMGET", calls)
        feed = Feed((name or b"").decode())
        return [held_of(slug, row, feed) for (slug, _), row in zip(keys, rows, strict=True)]

    async def _records(self, keys: Sequence[Key]) -> tuple[Record, ...]:
        return tuple(held.record for held in await self._read(keys) if held.record is not None)

    @override
    async def get(self, slug: str, number: int) -> Record | None:
        async with answering():
            return next(iter(await self._records([(slug, number)])), None)

    @override
    async def latest(self, slug: str, branch: str | None = None) -> Record | None:
        key = repo_key(slug) if branch is None else ref_key(slug, f"refs/heads/{branch}")
        async with answering():
            row = await self._redis.eval(scripts.LATEST, 2, key, scripts.FACTS, scripts.build_prefix(slug), *FIELDS)
        if row is None:
            return None
        name, *fields = row
        return held_of(slug, fields, Feed(name.decode())).record

    @override
    async def newest(self, slug: str, limit: int) -> tuple[Record, ...]:
        async with answering():
            numbers = await self._redis.zrange(repo_key(slug), 0, limit - 1, desc=True)
            return await self._records([(slug, int(number)) for number in numbers])

    @override
    async def unfinished(self, limit: int = 1000) -> tuple[Record, ...]:
        async with answering():
            return await self._records(split_members(await self._redis.zrange(scripts.OPEN, 0, limit - 1, desc=True)))

    @override
    async def records(self) -> AsyncIterator[Record]:
        # A build that is there from beginning to end is returned, and one may come twice: merging takes that
        # (https://redis.io/docs/latest/commands/scan/, "Scan guarantees").
        cursor = None
        while cursor != 0:
            async with answering():
                cursor, members = await self._redis.zscan(scripts.AGE, cursor or 0, count=_PAGE)
                found = await self._records(split_members(member for member, _ in members))
            for record in found:
                yield record

    # Repositories

    @override
    async def apply_repo(self, repo: Repo, *, at: float) -> None:
        values = (repo.slug, repo.id, repo.version, int(repo.active), at)
        async with answering():
            await self._redis.eval(scripts.PUT_REPO, 2, scripts.REPOS, scripts.FACTS, *values)

    @override
    async def repos(self) -> tuple[str, ...]:
        async with answering():
            built, states = await self._redis.smembers(scripts.SLUGS), await self._redis.hgetall(scripts.REPOS)
        disabled = {slug for slug, state in states.items() if state.endswith(b" 0")}
        return tuple(sorted(slug.decode() for slug in (built | states.keys()) - disabled))

    # The change feed

    async def _end(self) -> tuple[Feed, int]:
        name, place = await self._redis.hmget(scripts.FACTS, "feed", "place")
        # Two processes may find no name at once: HSETNX keeps the first, so the name is read again.
        if name is None:
            await self._redis.hsetnx(scripts.FACTS, "feed", secrets.token_hex(4))
            name = await self._redis.hget(scripts.FACTS, "feed")
        return Feed(name.decode()), int(place or 0)

    @override
    async def cursor(self) -> str:
        async with answering():
            feed, end = await self._end()
        return feed.cursor(end)

    @override
    async def changes(self, since: str, slug: str | None = None, number: int | None = None) -> Changes:
        async with answering():
            feed, end = await self._end()
            place = feed.position(since)
            if place is None or place > end:
                return Changes((), feed.cursor(end), complete=False)
            if slug is not None and number is not None:
                last = await self._redis.hget(build_key(slug, number), "place")
                if int(last or 0) <= place:
                    return Changes((), feed.cursor(end))
            entries = await self._redis.xrange(scripts.FEED, f"{place + 1}-0", f"{end}-0") if place < end else []
            oldest = await self._redis.xrange(scripts.FEED, count=1)
        items = tuple(
            change_of(identifier, fields, feed)
            for identifier, fields in entries
            if slug in {None, fields[b"slug"].decode()} and number in {None, int(fields[b"number"])}
        )
        # The entry before the oldest may be the caller's last one: then nothing is missing between them.
        reaches = place >= end or (bool(oldest) and place >= place_of(oldest[0][0]) - 1)
        return Changes(items, feed.cursor(end), complete=reaches)

    async def _watch(self) -> AsyncIterator[None]:
        last = 0
        while True:
            try:
                yield
                async with answering():
                    _, last = await self._end()
                yield  # the blocking read does not return entries before `last`
                while found := await self._next(last):
                    last = found
                    yield
            except StoreUnavailable:
                await anyio.sleep(PAUSE_SECONDS)  # waiting tasks read the store themselves and get the error

    async def _next(self, last: int) -> int:
        """Wait for an entry after `last` and return the place of the newest one; 0 if there is none for a while."""
        async with answering(BLOCK_SECONDS + ANSWER_SECONDS):
            found = await self._redis.xread({scripts.FEED: f"{last}-0"}, block=int(BLOCK_SECONDS * 1000))
        entries = [entry for _, rows in (found.items() if isinstance(found, dict) else found) for entry in rows]
        return place_of(entries[-1][0]) if entries else 0

    # Health, leadership, housekeeping

    @override
    async def health(self) -> FeedHealth:
        async with answering():
            values = await self._redis.hmget(scripts.FACTS, "last_event", "last_reconciliation", "last_gap")
        return FeedHealth(*(None if value is None else float(value) for value in values))

    @override
    async def check_writable(self) -> None:
        # A script, as deliveries are written by one: it may be denied where a plain command is not (ACL).
        async with answering():
            await self._redis.eval(scripts.PROBE, 1, scripts.FACTS)

    @override
    async def record_event(self, at: float) -> None:
        async with answering():
            await self._redis.eval(scripts.EVENT, 1, scripts.FACTS, at)

    @override
    async def record_reconciliation(self, at: float, *, missed: int = 0) -> None:
        facts = {"last_reconciliation": at} | ({"last_gap": at} if missed else {})
        async with answering():
            await self._redis.hset(scripts.FACTS, mapping=facts)

    @override
    async def retain(self, *, builds_per_repo: int, newer_than: float) -> int:
        self._cache.clear()
        async with answering():
            old = await self._redis.zrange(scripts.AGE, "-inf", f"({newer_than}", byscore=True)
            slugs = await self._redis.smembers(scripts.SLUGS)
        dropped = await self._drop(split_members(old))
        for slug in map(bytes.decode, slugs):
            async with answering():
                numbers = await self._redis.zrange(repo_key(slug), builds_per_repo, -1, desc=True)
                members = [f"{slug}#{int(number)}" for number in numbers]
                moving = await self._redis.zmscore(scripts.OPEN, members) if members else []
            surplus = [int(number) for number, score in zip(numbers, moving, strict=True) if score is None]
            dropped += await self._drop([(slug, number) for number in surplus])
        return dropped

    async def _drop(self, keys: Sequence[Key]) -> int:
        dropped = 0
        for start in range(0, len(keys), _PAGE):
            page = keys[start : start + _PAGE]
            async with answering():
                refs = await self._pipelined("HGET", [[build_key(*key), "ref"] for key in page])
                calls = [drop_arguments(key, ref) for key, ref in zip(page, refs, strict=True)]
                dropped += sum(await self._pipelined("EVAL", calls))
        return dropped

    async def _pipelined(self, command: str, calls: Sequence[Sequence[Any]]) -> list[Any]:
        pipeline = self._redis.pipeline(transaction=False)
        for arguments in calls:
            pipeline.execute_command(command, *arguments)
        answers: list[Any] = await pipeline.execute()
        return answers

    @override
    async def close(self) -> None:
        await self._batcher.drain()
        await self._alarm.stop()
        for client in (self._redis, *self._others):
            await client.aclose()
