"""Connects to Redis: one server, a master behind Sentinels, or a cluster; and limits how long it may take to answer."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import ExponentialBackoff
from redis.exceptions import RedisError

from ci_mcp_kit.store_errors import StoreUnavailable, StoreUrlInvalid

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from urllib.parse import SplitResult

PREFIX = "{drone-mcp}:"
"""The prefix of every key. The braces are a hash tag: all keys are in one slot of a cluster, so a script may use many
(https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/, "Hash tags")."""

ANSWER_SECONDS = 5.0  # for a command with its retries; the caller of a tool waits for it
CONNECT_SECONDS = 2.0  # below the other, so that a retry still fits into it
RETRIES = 2  # within some tenths of a second: a caller waits for the answer
SENTINEL_PORT = 26379

Client = Redis | RedisCluster


def connect(url: str) -> tuple[Client, list[Redis]]:
    """Return a client, and the clients of Sentinels to close with it; they connect when they are used.

    Raises:
        StoreUrlInvalid: the URL is wrong.
    """
    scheme = urlsplit(url).scheme
    try:
        if scheme == "redis+sentinel":
            return _behind_sentinels(urlsplit(url))
        if scheme.endswith("+cluster"):
            return RedisCluster.from_url(url.replace("+cluster", "", 1), **_limits()), []
        # Seconds: a connection that was idle for longer is checked first, as firewalls drop those without a word.
        return Redis.from_url(url, **_limits(), health_check_interval=30), []
    except (ValueError, TypeError) as error:
        raise StoreUrlInvalid(f"not an address of Redis: {error}") from None


def _limits() -> dict[str, Any]:
    return {
        "socket_connect_timeout": CONNECT_SECONDS,
        # `answering` limits the time instead, and says why.
        "socket_timeout": None,
        "retry": Retry(ExponentialBackoff(cap=0.2, base=0.02), RETRIES),
    }


def _behind_sentinels(url: SplitResult) -> tuple[Redis, list[Redis]]:
    """Read `redis+sentinel://user:password@one:26379,two:26379/service/0`; the password is the master's."""
    credentials, _, hosts = url.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    service, _, database = url.path.strip("/").partition("/")
    if not service or not hosts or not (database or "0").isdecimal():
        raise StoreUrlInvalid("Sentinel takes redis+sentinel://one:26379,two:26379/service/0")
    pairs = (text.partition(":") for text in hosts.split(","))
    addresses = [(host, int(port or SENTINEL_PORT)) for host, _, port in pairs]
    sentinel: Any = Sentinel(addresses, **_limits())  # type: ignore[no-untyped-call]  # untyped in redis-py
    master: Redis = sentinel.master_for(
        service,
        db=int(database or "0"),
        username=unquote(user) or None,
        password=unquote(password) or None,
        **_limits(),
    )
    return master, sentinel.sentinels


@asynccontextmanager
async def answering(seconds: float = ANSWER_SECONDS) -> AsyncGenerator[None]:
    """Give Redis `seconds` to answer; raise `StoreUnavailable` where it does not, or cannot be reached."""
    try:
        # Not redis-py's own `socket_timeout`, which can lose a cancellation on Python 3.11 (asyncio.wait_for,
        # https://github.com/python/cpython/issues/86296). And not anyio: redis-py is written for asyncio and awaits
        # while it cleans up, to give a connection back to its pool; a cancel scope would interrupt that as well.
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise StoreUnavailable(f"Redis has not answered for {seconds:g} seconds") from None
    except (RedisError, OSError) as error:
        raise StoreUnavailable(f"Redis cannot be used: {error}") from error
