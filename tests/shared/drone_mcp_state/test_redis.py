"""The faults that only Redis has: it is gone, comes back, comes back empty, answers late, lives elsewhere."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import redis

from drone_mcp_client.models import Build
from drone_mcp_state import StoreUnavailable, StoreUrlInvalid, open_store, records
from support.captured_builds import histories
from support.ports import free_port
from support.raw_server import certificate
from support.redis_server import RedisServer

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

SLUG = "octo/pub"


def build(number: int, version: int = 1, status: str = "running") -> Build:
    return Build(number=number, status=status, version=version, created=number)


async def test_what_was_confirmed_before_redis_died_is_there_after_it(own_redis: RedisServer) -> None:
    async with open_store(own_redis.url) as store:
        confirmed = []

        async def change() -> None:
            for number in range(1, 100_000):
                await store.apply(SLUG, build(number), source="webhook", at=1000)
                confirmed.append(number)
                if number == 200:
                    own_redis.stop()

        with pytest.raises(StoreUnavailable):
            await change()
        own_redis.start()
        assert set(confirmed) <= {record.build.number async for record in store.records()}
        assert len(confirmed) == 200
        assert await store.apply(SLUG, build(1, 2), source="webhook", at=1000) is not None


async def test_while_redis_is_gone_every_call_says_so_without_a_password(own_redis: RedisServer) -> None:
    async with open_store(own_redis.url.replace("redis://", "redis://:hunter2@")) as store:
        own_redis.stop()
        for call in (
            store.get(SLUG, 1),
            store.latest(SLUG),
            store.unfinished(),
            store.health(),
            store.changes(""),
            store.repos(),
            store.record_event(1000),
            store.notes.hold_lease("leader", "a", 1, at=1000),
            store.apply(SLUG, build(1), source="webhook", at=1000),
        ):
            with pytest.raises(StoreUnavailable) as gone:
                await call
            assert "hunter2" not in str(gone.value)


async def test_a_store_can_be_opened_before_redis_is_there(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    async with open_store(server.url) as store:
        with pytest.raises(StoreUnavailable):
            await store.health()
        server.start()
        try:
            assert await store.apply(SLUG, build(1), source="webhook", at=1000) is not None
        finally:
            server.stop()


async def test_a_waiter_is_told_when_redis_goes_away(own_redis: RedisServer) -> None:
    async with open_store(own_redis.url) as store:
        await store.apply(SLUG, build(1), source="webhook", at=1000)
        waiting = asyncio.create_task(store.wait(SLUG, 1, await store.cursor(), timeout=60))
        async with open_store(own_redis.url) as other:  # proves that the first one listens
            await other.apply(SLUG, build(2), source="webhook", at=1000)
        own_redis.stop()
        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(waiting, 30)


async def test_a_redis_that_came_back_empty_is_filled_again_and_cursors_of_before_are_foreign(
    own_redis: RedisServer,
) -> None:
    async with open_store(own_redis.url) as store:
        for version in range(1, 4):
            await store.apply(SLUG, build(7, version), source="webhook", at=1000)
        before = await store.cursor()
        own_redis.flush()
        assert await store.get(SLUG, 7) is None
        assert await store.apply(SLUG, build(7, 2), source="webhook", at=1000) is not None
        record = await store.get(SLUG, 7)
        assert record is not None
        assert record.build.version == 2, "what this process remembered of the lost build is not mixed in"
        assert not (await store.changes(before)).complete


async def test_the_feed_is_bounded_and_says_when_it_does_not_reach_back(
    own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drone_mcp_state.redis_codec.FEED_LENGTH", 100)
    async with open_store(own_redis.url) as store:
        start = await store.cursor()
        await asyncio.gather(*(store.apply(SLUG, build(n), source="webhook", at=1000) for n in range(1, 1001)))
        with redis.Redis(port=own_redis.port) as client:
            assert client.xlen("{drone-mcp}:feed") < 300
        assert not (await store.changes(start)).complete
        quiet = await store.changes(await store.cursor(), SLUG, 5)
        assert not quiet


async def test_retention_leaves_nothing_behind(own_redis: RedisServer) -> None:
    async with open_store(own_redis.url) as store:
        for number in range(1, 401):
            await store.apply(SLUG, build(number, 3, "success"), source="webhook", at=1000)
        assert await store.retain(builds_per_repo=10, newer_than=0) == 390
        assert await store.retain(builds_per_repo=10, newer_than=1000) == 10
        assert await store.repos() == ()
    with redis.Redis(port=own_redis.port) as client:
        keys: list[bytes] = client.keys()
    assert sorted(keys) == [b"{drone-mcp}:facts", b"{drone-mcp}:feed"]


async def tell_everything(url: str) -> None:
    async with open_store(url) as store:
        for seen in histories()[3]:
            await store.apply(SLUG, seen, source="webhook", at=1000)
        record = await store.get(SLUG, 3)
        assert record is not None
        assert record.build.status == "failure"
        assert (await store.latest(SLUG)) == record
        assert await store.changes(record.cursor, SLUG, 3) is not None
        assert await store.retain(builds_per_repo=0, newer_than=0) == 1
        assert await store.notes.claim("call", "first", 60, at=1000) is None
        assert await store.notes.claim("call", "second", 60, at=1000) == "first"


async def test_a_cluster_is_used_as_one(tmp_path: Path) -> None:
    cluster = ["--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"]
    # Its default is the port plus 10,000, which the system may have given to someone's connection.
    server = RedisServer(tmp_path, *cluster, "--cluster-port", str(free_port()))
    server.start()
    try:
        with redis.Redis(port=server.port) as client:
            client.execute_command("CLUSTER ADDSLOTSRANGE 0 16383")
            while client.execute_command("CLUSTER INFO")["cluster_state"] != "ok":
                pass
        await tell_everything(f"redis+cluster://127.0.0.1:{server.port}")
    finally:
        server.stop()


async def test_over_tls_the_servers_certificate_is_looked_at(tmp_path: Path) -> None:
    _, authority = certificate(tmp_path)
    files = ["--tls-cert-file", str(authority), "--tls-key-file", str(tmp_path / "key.pem")]
    port = str(free_port())
    rest = ["--tls-ca-cert-file", str(authority), "--tls-auth-clients", "no"]
    server = RedisServer(tmp_path, "--tls-port", port, *files, *rest)
    server.start()
    try:
        await tell_everything(f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={authority}")
        async with open_store(f"rediss://127.0.0.1:{port}/0") as store:
            with pytest.raises(StoreUnavailable, match="certificate"):
                await store.health()
    finally:
        server.stop()


@pytest.fixture
def sentinel(own_redis: RedisServer, tmp_path: Path) -> Generator[RedisServer]:
    config = tmp_path / "sentinel.conf"
    config.write_text(f"sentinel monitor builds 127.0.0.1 {own_redis.port} 1\n")
    server = RedisServer(tmp_path, config=config)
    server.start()
    yield server
    server.stop()


async def test_a_master_is_found_through_sentinels(sentinel: RedisServer) -> None:
    await tell_everything(f"redis+sentinel://127.0.0.1:{sentinel.port}/builds/0")


@pytest.mark.parametrize("url", ["redis+sentinel://127.0.0.1", "redis+sentinel:///builds", "redis://host:port/0"])
async def test_an_address_that_cannot_be_is_refused(url: str) -> None:
    with pytest.raises(StoreUrlInvalid):
        async with open_store(url):
            pass


def test_the_length_of_the_feed_is_bounded() -> None:
    assert records.FEED_LENGTH <= 100_000
