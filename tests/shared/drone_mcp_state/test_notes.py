"""Notes: what every store does alike, and where Redis's own clock makes a difference."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING

import pytest
import redis

from drone_mcp_client.models import Build
from drone_mcp_state import BuildStateStore, StoreUnavailable, open_store
from drone_mcp_state.memory import MemoryStore
from drone_mcp_state.sqlite_schema import MIGRATIONS

if TYPE_CHECKING:
    from pathlib import Path

    from support.redis_server import RedisServer


@pytest.fixture
def clocked_url(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A store that goes by the time it is told."""
    return {"memory": "memory:", "sqlite": f"sqlite://{tmp_path}/state.db"}[request.param]


clocked = pytest.mark.parametrize("clocked_url", ["memory", "sqlite"], indirect=True)


async def test_a_claim_is_written_once_and_the_next_one_is_told_what_stands(store: BuildStateStore) -> None:
    assert await store.claim("call:1", "first", 60, at=1000) is None
    assert await store.claim("call:1", "second", 60, at=1001) == "first"
    assert await store.claim("call:2", "second", 60, at=1001) is None
    assert await store.note("call:1", at=1001) == "first"


async def test_of_many_who_claim_at_once_one_succeeds(store: BuildStateStore) -> None:
    told = await asyncio.gather(*(store.claim("slot", str(who), 60, at=1000) for who in range(50)))
    winners = [who for who, standing in enumerate(told) if standing is None]
    assert len(winners) == 1
    assert {standing for standing in told if standing is not None} == {str(winners[0])}


async def test_a_note_is_written_over_what_stands(store: BuildStateStore) -> None:
    await store.claim("call:1", "sent", 60, at=1000)
    await store.write_note("call:1", '{"answer": "ünïcode\\u0000"}', 60, at=1001)
    assert await store.note("call:1", at=1002) == '{"answer": "ünïcode\\u0000"}'
    assert await store.note("call:2", at=1002) is None


async def test_a_dropped_note_can_be_claimed_again(store: BuildStateStore) -> None:
    await store.claim("call:1", "first", 60, at=1000)
    await store.drop_note("call:1")
    await store.drop_note("never written")
    assert await store.note("call:1", at=1001) is None
    assert await store.claim("call:1", "second", 60, at=1001) is None


async def test_notes_are_no_builds(store: BuildStateStore) -> None:
    await store.write_note("octo/hello#7", "text", 60, at=1000)
    assert await store.get("octo/hello", 7) is None
    assert [record async for record in store.records()] == []
    assert await store.repos() == ()


@clocked
async def test_a_note_that_has_run_out_is_neither_read_nor_in_the_way(clocked_url: str) -> None:
    async with open_store(clocked_url) as store:
        await store.claim("call:1", "first", 60, at=1000)
        assert await store.note("call:1", at=1059.9) == "first"
        assert await store.note("call:1", at=1060) is None
        assert await store.claim("call:1", "second", 60, at=1060) is None
        assert await store.note("call:1", at=1061) == "second"


@clocked
async def test_a_note_that_was_written_again_lives_from_then_on(clocked_url: str) -> None:
    async with open_store(clocked_url) as store:
        await store.write_note("call:1", "first", 10, at=1000)
        await store.write_note("call:1", "second", 60, at=1005)
        await store.write_note("other", "text", 60, at=1030)
        assert await store.note("call:1", at=1031) == "second"


async def test_redis_lets_a_note_run_out_by_its_own_clock(own_redis: RedisServer) -> None:
    async with open_store(own_redis.url) as store:
        await store.claim("call:1", "first", 0.0001, at=1000)
        await store.write_note("call:2", "text", 0.001, at=1000)
        with redis.Redis(port=own_redis.port) as client:
            while client.keys():
                pass
        assert await store.claim("call:1", "second", 60, at=1000) is None


async def test_a_file_does_not_keep_notes_that_have_run_out(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    async with open_store(f"sqlite://{path}") as store:
        for second in range(100):
            await store.claim(f"call:{second}", "x", 10, at=1000 + second)
        with sqlite3.connect(path) as reader:
            assert reader.execute("SELECT count(*) FROM notes").fetchone() == (10,)
        reader.close()


async def test_memory_does_not_keep_notes_that_have_run_out() -> None:
    store = MemoryStore()
    for second in range(100):
        await store.claim(f"call:{second}", "x", 10, at=1000 + second)
        await store.drop_note(f"call:{second - 1}")
    assert len(store._notes) == 1
    assert len(store._ends) == 10


async def test_every_process_sees_a_claim_and_it_outlives_the_one_that_made_it(shared_url: str) -> None:
    async with open_store(shared_url) as one, open_store(shared_url) as other:
        assert await one.claim("call:1", "one", 60, at=1000) is None
        assert await other.claim("call:1", "other", 60, at=1001) == "one"
    async with open_store(shared_url) as later:
        assert await later.claim("call:1", "later", 60, at=1002) == "one"


async def test_processes_that_claim_at_once_agree_on_one(shared_url: str) -> None:
    async with open_store(shared_url) as one, open_store(shared_url) as other:
        for turn in range(20):
            told = await asyncio.gather(*(s.claim(f"call:{turn}", "x", 60, at=1000) for s in (one, other)))
            assert sorted(told, key=str) == [None, "x"]


async def test_a_claim_leaves_what_another_process_remembers_of_builds_as_it_was(shared_url: str) -> None:
    async with open_store(shared_url) as one, open_store(shared_url) as other:
        await one.apply("octo/hello", Build(number=7, status="running", version=2), source="webhook", at=1000)
        before = await one.cursor()
        await other.claim("call:1", "x", 60, at=1000)
        assert not await one.changes(before)


async def test_while_redis_is_gone_no_note_is_claimed_read_or_dropped(own_redis: RedisServer) -> None:
    async with open_store(own_redis.url) as store:
        own_redis.stop()
        for call in (
            store.claim("call:1", "x", 60, at=1000),
            store.write_note("call:1", "x", 60, at=1000),
            store.note("call:1", at=1000),
            store.drop_note("call:1"),
        ):
            with pytest.raises(StoreUnavailable):
                await call


async def test_a_file_from_before_there_were_notes_gets_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite://{tmp_path}/state.db"
    with monkeypatch.context() as earlier:
        earlier.setattr("drone_mcp_state.sqlite_schema.MIGRATIONS", MIGRATIONS[:1])
        async with open_store(url) as store:
            await store.apply("octo/hello", Build(number=7, status="pending"), source="webhook", at=1000)
    async with open_store(url) as store:
        assert await store.claim("call:1", "x", 60, at=1000) is None
        assert await store.get("octo/hello", 7) is not None
