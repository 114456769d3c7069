"""Checks the address of a store as it is written, before a library reads it. Standard library only.

An address of Redis holds a password. Libraries quote the part of an address that they cannot read, and one that cannot
be read as it was meant may have its password in any part. So a wrong address ends the start, and no error quotes it.
"""

from __future__ import annotations

import re

from ci_mcp_kit.store_errors import StoreUrlInvalid

REDIS_SCHEMES = frozenset({"redis", "rediss", "unix", "redis+sentinel", "redis+cluster", "rediss+cluster"})
TAKES = "memory:, sqlite:///path/to/file or redis://host:port/0 (also rediss://, redis+sentinel://, redis+cluster://)"
"""The addresses that DRONE_MCP_STATE takes, for people."""

_ESCAPES = "in a user or password, write / as %2F, # as %23, ? as %3F, @ as %40, [ as %5B and a space as %20"
_LARGEST_PORT = 65_535


def check_store_address(text: str) -> str:
    """Return the address of a store if it can be read.

    Raises:
        StoreUrlInvalid: it cannot; the text says why and quotes nothing of it.
    """
    if text == "memory:" or re.fullmatch(r"sqlite:///[^\x00]+", text):
        return text
    scheme, separator, rest = text.partition("://")
    if scheme not in REDIS_SCHEMES or not separator or not rest:
        raise StoreUrlInvalid(f"an address of a store is {TAKES}")
    if not rest.isprintable() or " " in rest:
        raise StoreUrlInvalid(_ESCAPES)
    # Up to the first of these characters goes the host (RFC 3986, section 3.2), whatever was meant.
    end = re.search(r"[/?#]|$", rest)
    authority, path = rest[: end.start() if end else None], rest[end.start() if end else 0 :]
    credentials, _, hosts = authority.rpartition("@")
    if "@" in path or "#" in path or "[" in credentials or "]" in credentials:
        raise StoreUrlInvalid(_ESCAPES)
    if scheme != "unix":
        _check_place(scheme, hosts, path.partition("?")[0])
    check_installed()
    return text


def _check_place(scheme: str, hosts: str, path: str) -> None:
    for host in hosts.split(","):
        if not re.fullmatch(r"(?:\[[0-9A-Fa-f:.%a-z]+\]|[^\[\]:]*)(?::[0-9]{1,5})?", host):
            raise StoreUrlInvalid(f"the port after the host is a number; {_ESCAPES}")
        port = re.search(r":([0-9]+)$", host)
        if port and not 0 < int(port[1]) <= _LARGEST_PORT:
            raise StoreUrlInvalid("a port is a number from 1 to 65535")
    if scheme == "redis+sentinel":
        if not hosts or not re.fullmatch(r"/[^/]+(?:/[0-9]{0,6})?", path):
            raise StoreUrlInvalid("Sentinel takes redis+sentinel://one:26379,two:26379/service/0")
    elif not re.fullmatch(r"/?[0-9]{0,6}", path):
        raise StoreUrlInvalid("after the host comes / and the number of a database, like /0")


def check_installed() -> None:
    """Raise StoreUrlInvalid if this installation has no client for Redis."""
    from importlib.util import find_spec  # noqa: PLC0415 - for Redis alone

    if find_spec("redis") is None:
        raise StoreUrlInvalid("this installation has no Redis client: pip install 'drone-mcp[redis]'")
