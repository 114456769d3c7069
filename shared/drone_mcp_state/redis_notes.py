"""Notes in Redis, each under a key of its own that Redis lets expire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drone_mcp_state.redis_scripts import PREFIX

if TYPE_CHECKING:
    from drone_mcp_state.redis_connect import Client

# KEYS: note; ARGV: value, milliseconds. Returns the existing note; nothing if this one was written.
# (From Redis 7.0 on `SET … NX GET` does the same in one command: https://redis.io/docs/latest/commands/set/.)
CLAIM = """
local standing = redis.call('GET', KEYS[1])
if standing then return standing end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return false
"""


class RedisNotes:
    """The commands; they raise the errors of the Redis client."""

    def __init__(self, client: Client) -> None:
        self._redis: Any = client  # redis-py types its commands for both of its flavours at once

    async def claim(self, key: str, value: str, seconds: float) -> str | None:
        """Write a note unless there is one."""
        return _text(await self._redis.eval(CLAIM, 1, _key(key), value, _milliseconds(seconds)))

    async def write(self, key: str, value: str, seconds: float) -> None:
        """Write a note, and replace an existing one."""
        await self._redis.set(_key(key), value, px=_milliseconds(seconds))

    async def read(self, key: str) -> str | None:
        """Read a note."""
        return _text(await self._redis.get(_key(key)))

    async def drop(self, key: str) -> None:
        """Delete a note."""
        await self._redis.delete(_key(key))


def _key(key: str) -> str:
    return f"{PREFIX}note:{key}"


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))  # Redis refuses an expiry of 0


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()
