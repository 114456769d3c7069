"""Connects to Redis: one server, a master behind Sentinels, or a cluster; and limits how long it may take to answer."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from redis import exceptions
from redis.asyncio import Redis, RedisCluster
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import ExponentialBackoff

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
    scheme = url.partition("://")[0]
    try:
        if scheme == "redis+sentinel":
            return _behind_sentinels(urlsplit(url))
        if scheme.endswith("+cluster"):
            return RedisCluster.from_url(url.replace("+cluster", "", 1), **_limits()), []
        # Seconds: a connection that was idle for longer is checked first, as firewalls drop those without a word.
        client = Redis.from_url(url, **_limits(), health_check_interval=30)
        pool: Any = client.connection_pool  # untyped in redis-py
        pool.make_connection()  # not connected: it checks the options after the question mark
    except (ValueError, TypeError, AttributeError):
        # Never with the error's own text, which quotes what it could not read.
        raise StoreUrlInvalid("not an address of Redis: look at what follows the host, such as ?option=value") from None
    return client, []


def _limits() -> dict[str, Any]:
    return {
        "socket_connect_timeout": CONNECT_SECONDS,
        # `answering` limits the time instead, and says why.
        "socket_timeout": None,
        "retry": Retry(ExponentialBackoff(cap=0.2, base=0.02), RETRIES),
        # After a failover behind a stable name the open connections still lead to the former master. redis-py connects
        # again before it tries again after one of these errors.
        "retry_on_error": [exceptions.ReadOnlyError, exceptions.MasterDownError],
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
    # A cluster's exceptions are of a family of their own.
    except (exceptions.RedisError, exceptions.RedisClusterException, OSError) as error:
        raise StoreUnavailable(describe(error)) from None


# The first word of an error of Redis, and what it means for the person who runs it
# (https://redis.io/docs/latest/develop/reference/protocol-spec/, "Simple errors").
_MEANINGS = {
    "OOM": "Redis takes no writes: it has reached its maxmemory",
    "READONLY": "Redis takes no writes: this one is a read-only replica",
    "MISCONF": "Redis takes no writes: it cannot save its data to disk",
    "NOREPLICAS": "Redis takes no writes: too few replicas are connected to it",
    "MASTERDOWN": "this Redis is a replica that has lost its master",
    "LOADING": "Redis is still loading its data",
    "BUSY": "Redis is busy with a script",
    "NOAUTH": "Redis refuses the user or the password of DRONE_MCP_STATE, or wants one",
    "NOPERM": "the user of DRONE_MCP_STATE may not run a command that is needed, by the ACL of Redis",
    "MOVED": "this Redis is one of a cluster: write redis+cluster:// in DRONE_MCP_STATE",
    "CLUSTERDOWN": "the Redis cluster is down",
}
# From the errors that have a class of their own, redis-py takes this word away.
_WORDS: dict[type[Exception], str] = {
    exceptions.OutOfMemoryError: "OOM",
    exceptions.ReadOnlyError: "READONLY",
    exceptions.MasterDownError: "MASTERDOWN",
    exceptions.BusyLoadingError: "LOADING",
    exceptions.AuthenticationError: "NOAUTH",
    exceptions.NoPermissionError: "NOPERM",
    exceptions.MovedError: "MOVED",
    exceptions.ClusterDownError: "CLUSTERDOWN",
}


def describe(error: Exception) -> str:
    """Return what an error means; never its own text, in which a library may quote an address."""
    word = next((word for kind, word in _WORDS.items() if isinstance(error, kind)), None)
    # Within a script, releases before 7.0 put words of their own in front.
    word = word or next((word for word in _MEANINGS if re.search(rf"\b{word}\b", str(error))), None)
    if word:
        return _MEANINGS[word]
    if isinstance(error, exceptions.ConnectionError | OSError):
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, OSError):
            cause = cause.__cause__ or cause.__context__
        reason = ""
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = f": its certificate is not trusted ({cause.verify_message})"
        elif isinstance(cause, ssl.SSLError):
            reason = ": TLS has failed; redis:// is for a port without TLS, rediss:// for one with it"
        elif cause is not None and cause.errno and cause.errno > 0:
            reason = f": {os.strerror(cause.errno)}"
        elif isinstance(cause, socket.gaierror):
            reason = f": {cause.strerror}"
        return f"Redis cannot be reached{reason}"
    return f"Redis has answered with an error ({type(error).__name__})"
