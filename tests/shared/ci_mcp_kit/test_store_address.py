"""Addresses of stores: those that work are taken, no other one is, and no error quotes them."""

from __future__ import annotations

import re
import string
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from redis.asyncio import Redis

from ci_mcp_kit.redis_client import connect
from ci_mcp_kit.store_address import check_store_address
from ci_mcp_kit.store_errors import StoreUrlInvalid
from ci_mcp_kit.variables import STATE, SettingsError

SECRET = "Zt7Wm3Kc5Rb9Xv"


@pytest.mark.parametrize(
    "address",
    [
        "memory:",
        "sqlite:///var/lib/state.db",
        "redis://localhost",
        "redis://localhost:6379/0",
        "rediss://user:p%2Fw@redis.example.com:6380/15",
        "redis://:a@b@localhost:6379/0",  # read as it was meant by every library
        "redis://[::1]:6379/0",
        "redis://:secret@/0",
        "redis://localhost?db=3",
        "unix:///run/redis.sock?db=1",
        "unix://user:pw@/run/redis.sock",
        "redis+sentinel://:pw@one:26379,two:26379/service/0",
        "redis+cluster://:pw@node:6379",
    ],
)
def test_an_address_that_can_be_read_is_taken(address: str) -> None:
    assert check_store_address(address) == address
    if address not in {"memory:", "sqlite:///var/lib/state.db"}:
        connect(address)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (f"redis://:{SECRET}/q8==@127.0.0.1:6379/0", "/ as %2F"),
        (f"redis://:{SECRET}#x@127.0.0.1:6379/0", "# as %23"),
        (f"redis://:{SECRET}?x@127.0.0.1:6379/0", "? as %3F"),
        (f"redis://:a@{SECRET}/x@127.0.0.1:6379/0", "@ as %40"),
        (f"redis://:{SECRET}[x@127.0.0.1:6379/0", "[ as %5B"),
        (f"redis://:{SECRET} x@127.0.0.1:6379/0", "space as %20"),
        (f"redis://:{SECRET}\t@127.0.0.1:6379/0", "%20"),
        (f"redis://:{SECRET}", "the port after the host is a number"),
        (f"redis://:{SECRET}\uff0f@127.0.0.1/0", "not an address of Redis"),  # NFKC makes a slash of it
        ("redis://host:70000/0", "from 1 to 65535"),
        (f"redis://host:6379/{SECRET}", "the number of a database"),
        (f"redis://host:6379/0?socket_timeout={SECRET}", "not an address of Redis"),
        (f"redis://host:6379/0?{SECRET}=1", "not an address of Redis"),
        (f"redis+sentinel://:{SECRET}@one", "Sentinel takes"),
        (f"{SECRET}", "memory:"),
        (f"postgres://me:{SECRET}@db/state", "memory:"),
        (f"sqlite://{SECRET}.db", "memory:"),
        (f"redis//:{SECRET}@host", "memory:"),
    ],
)
def test_an_address_that_cannot_be_is_refused_with_the_next_step_and_without_a_part_of_it(
    address: str, said: str
) -> None:
    with pytest.raises(StoreUrlInvalid) as refused:
        connect(check_store_address(address))
    assert said in str(refused.value)
    assert SECRET not in str(refused.value)


@given(st.text(string.ascii_letters + string.digits + "/+=#?@:[]%&. -_~!", min_size=6, max_size=30))
def test_any_password_is_read_as_it_was_meant_or_refused_with_no_part_of_it_told(password: str) -> None:
    pieces = {password, *re.split("[/@#?]", password)}
    for piece in pieces:
        assume(len(piece) < 6 or piece not in "DRONE_MCP_STATE has a value that cannot be right")
    refusal = refusal_of(f"redis://:{password}@127.0.0.1:6379/0")
    assert not [piece for piece in pieces if len(piece) >= 6 and piece in refusal]
    if not refusal:
        held = options_of(f"redis://:{password}@127.0.0.1:6379/0")
        assert (held["host"], held["port"], held["db"]) == ("127.0.0.1", 6379, 0)
    assert options_of(f"redis://:{quote(password, safe='')}@127.0.0.1:6379/0")["password"] == password


def refusal_of(address: str) -> str:
    try:
        STATE.read(address)
    except SettingsError as error:
        return str(error)
    return ""


def options_of(address: str) -> dict[str, Any]:
    client, _ = connect(STATE.read(address))
    assert isinstance(client, Redis)
    options: dict[str, Any] = client.connection_pool.connection_kwargs
    return options


def test_an_installation_without_a_client_for_redis_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert check_store_address("memory:")
    with pytest.raises(SettingsError, match="pip install 'drone-mcp\\[redis\\]'"):
        STATE.read("redis://localhost")
