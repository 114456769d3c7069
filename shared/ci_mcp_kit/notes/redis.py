"""Notes in Redis, each under a key of its own that Redis lets expire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from ci_mcp_kit.notes.base import Notes, lease_key
from ci_mcp_kit.redis_client import PREFIX, answering, connect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from ci_mcp_kit.redis_client import Client

# Redis runs a script as a whole (https://redis.io/docs/latest/develop/programmability/eval-intro/), so that no other
# client gets between its read and its write.
# KEYS: note; ARGV: value, milliseconds. Returns the existing note; nothing if this one was written.
# (From Redis 7.0 on `SET … NX GET` does the same in one command: https://redis.io/docs/latest/commands/set/.)
CLAIM = """
local standing = redis.call('GET', KEYS[1])
if standing then return standing end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return false
"""
# KEYS: lease; ARGV: holder, milliseconds. Returns 1 if the holder has it now.
HOLD = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
# Releases the lease of KEYS[1] where ARGV[1] is its holder.
RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"


class RedisNotes(Notes):
    """Keeps notes in Redis and connects when it is used. They expire by the clock of Redis."""

    def __init__(self, client: Client, others: Sequence[Redis] = ()) -> None:
        self._redis: Any = client  # redis-py types its commands for both of its flavours at once
        self._others = others

    @classmethod
    def open(cls, url: str) -> RedisNotes:
        """Return the notes; raises StoreUrlInvalid if the URL is wrong."""
        return cls(*connect(url))

    @override
    async def claim(self, key: str, value: str, seconds: float, *, at: float) -> str | None:
        async with answering():
            return _text(await self._redis.eval(CLAIM, 1, _key(key), value, _milliseconds(seconds)))

    @override
    async def write_note(self, key: str, value: str, seconds: float, *, at: float) -> None:
        async with answering():
            await self._redis.set(_key(key), value, px=_milliseconds(seconds))

    @override
    async def note(self, key: str, *, at: float) -> str | None:
        async with answering():
            return _text(await self._redis.get(_key(key)))

    @override
    async def drop_note(self, key: str) -> None:
        async with answering():
            await self._redis.delete(_key(key))

    @override
    async def hold_lease(self, name: str, holder: str, seconds: float, *, at: float) -> bool:
        async with answering():
            return bool(await self._redis.eval(HOLD, 1, _key(lease_key(name)), holder, _milliseconds(seconds)))

    @override
    async def release_lease(self, name: str, holder: str) -> None:
        async with answering():
            await self._redis.eval(RELEASE, 1, _key(lease_key(name)), holder)

    @override
    async def close(self) -> None:
        for client in (self._redis, *self._others):
            await client.aclose()


def _key(key: str) -> str:
    return f"{PREFIX}note:{key}"


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))  # Redis refuses an expiry of 0


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()
