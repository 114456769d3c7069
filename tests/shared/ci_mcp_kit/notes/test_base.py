"""Notes and leases: what every kind does alike, and where Redis's own clock makes a difference."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import redis

from ci_mcp_kit.notes.memory import MemoryNotes
from ci_mcp_kit.notes.opening import SharedNotes
from ci_mcp_kit.store_errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from support.redis_server import RedisServer


@asynccontextmanager
async def open_notes(url: str) -> AsyncIterator[SharedNotes]:
    notes = SharedNotes(url, "CI", "https://ci.test")
    yield notes
    await notes.close()


@pytest.fixture
async def notes(url: str) -> AsyncIterator[SharedNotes]:
    async with open_notes(url) as opened:
        yield opened


@pytest.fixture
def clocked_url(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A store whose clock is the time that each call passes."""
    return {"memory": "memory:", "sqlite": f"sqlite://{tmp_path}/state.db"}[request.param]


clocked = pytest.mark.parametrize("clocked_url", ["memory", "sqlite"], indirect=True)


async def test_a_claim_is_written_once_and_the_next_one_is_told_what_stands(notes: SharedNotes) -> None:
    assert await notes.claim("call:1", "first", 60, at=1000) is None
    assert await notes.claim("call:1", "second", 60, at=1001) == "first"
    assert await notes.claim("call:2", "second", 60, at=1001) is None
    assert await notes.note("call:1", at=1001) == "first"


async def test_of_many_who_claim_at_once_one_succeeds(notes: SharedNotes) -> None:
    reported = await asyncio.gather(*(notes.claim("slot", str(who), 60, at=1000) for who in range(50)))
    winners = [who for who, standing in enumerate(reported) if standing is None]
    assert len(winners) == 1
    assert {standing for standing in reported if standing is not None} == {str(winners[0])}


async def test_a_note_is_written_over_what_stands(notes: SharedNotes) -> None:
    await notes.claim("call:1", "sent", 60, at=1000)
    await notes.write_note("call:1", '{"answer": "ünïcode\\u0000"}', 60, at=1001)
    assert await notes.note("call:1", at=1002) == '{"answer": "ünïcode\\u0000"}'
    assert await notes.note("call:2", at=1002) is None


async def test_a_dropped_note_can_be_claimed_again(notes: SharedNotes) -> None:
    await notes.claim("call:1", "first", 60, at=1000)
    await notes.drop_note("call:1")
    await notes.drop_note("never written")
    assert await notes.note("call:1", at=1001) is None
    assert await notes.claim("call:1", "second", 60, at=1001) is None


@clocked
async def test_a_note_that_has_run_out_is_neither_read_nor_in_the_way(clocked_url: str) -> None:
    async with open_notes(clocked_url) as notes:
        await notes.claim("call:1", "first", 60, at=1000)
        assert await notes.note("call:1", at=1059.9) == "first"
        assert await notes.note("call:1", at=1060) is None
        assert await notes.claim("call:1", "second", 60, at=1060) is None
        assert await notes.note("call:1", at=1061) == "second"


@clocked
async def test_a_note_that_was_written_again_lives_from_then_on(clocked_url: str) -> None:
    async with open_notes(clocked_url) as notes:
        await notes.write_note("call:1", "first", 10, at=1000)
        await notes.write_note("call:1", "second", 60, at=1005)
        await notes.write_note("other", "text", 60, at=1030)
        assert await notes.note("call:1", at=1031) == "second"


async def test_redis_lets_a_note_run_out_by_its_own_clock(own_redis: RedisServer) -> None:
    async with open_notes(own_redis.url) as notes:
        await notes.claim("call:1", "first", 0.0001, at=1000)
        await notes.write_note("call:2", "text", 0.001, at=1000)
        with redis.Redis(port=own_redis.port) as client:
            while client.keys("*call:*"):
                pass
        assert await notes.claim("call:1", "second", 60, at=1000) is None


async def test_a_file_does_not_keep_notes_that_have_run_out(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    async with open_notes(f"sqlite://{path}") as notes:
        for second in range(100):
            await notes.claim(f"call:{second}", "x", 10, at=1000 + second)
        with sqlite3.connect(path) as reader:
            assert reader.execute("SELECT count(*) FROM notes WHERE key LIKE 'call:%'").fetchone() == (10,)
        reader.close()


async def test_memory_does_not_keep_notes_that_have_run_out() -> None:
    notes = MemoryNotes()
    for second in range(100):
        await notes.claim(f"call:{second}", "x", 10, at=1000 + second)
        await notes.drop_note(f"call:{second - 1}")
    assert len(notes._notes) == 1
    assert len(notes._ends) == 10


async def test_every_process_sees_a_claim_and_it_outlives_the_one_that_made_it(shared_url: str) -> None:
    async with open_notes(shared_url) as one, open_notes(shared_url) as other:
        assert await one.claim("call:1", "one", 60, at=1000) is None
        assert await other.claim("call:1", "other", 60, at=1001) == "one"
    async with open_notes(shared_url) as later:
        assert await later.claim("call:1", "later", 60, at=1002) == "one"


async def test_processes_that_claim_at_once_agree_on_one(shared_url: str) -> None:
    now = time.time()  # whoever opens the store writes its owner at the time of the clock, which ends older notes
    async with open_notes(shared_url) as one, open_notes(shared_url) as other:
        for turn in range(20):
            reported = await asyncio.gather(*(s.claim(f"call:{turn}", "x", 60, at=now) for s in (one, other)))
            assert sorted(reported, key=str) == [None, "x"]


async def test_while_redis_is_gone_no_note_is_claimed_read_or_dropped(own_redis: RedisServer) -> None:
    async with open_notes(own_redis.url) as notes:
        own_redis.stop()
        for call in (
            notes.claim("call:1", "x", 60, at=1000),
            notes.write_note("call:1", "x", 60, at=1000),
            notes.note("call:1", at=1000),
            notes.drop_note("call:1"),
        ):
            with pytest.raises(StoreUnavailable):
                await call


async def test_one_holds_a_lease_until_it_is_given_back(notes: SharedNotes) -> None:
    assert await notes.hold_lease("leader", "a", 30, at=1000)
    assert not await notes.hold_lease("leader", "b", 30, at=1001)
    assert await notes.hold_lease("leader", "a", 30, at=1002)
    await notes.release_lease("leader", "b")
    assert not await notes.hold_lease("leader", "b", 30, at=1003)
    await notes.release_lease("leader", "a")
    assert await notes.hold_lease("leader", "b", 30, at=1004)


async def test_one_process_holds_a_lease(shared_url: str) -> None:
    async with open_notes(shared_url) as one, open_notes(shared_url) as other:
        assert await one.hold_lease("leader", "one", 60, at=1000)
        assert not await other.hold_lease("leader", "other", 60, at=1001)
        await one.release_lease("leader", "one")
        assert await other.hold_lease("leader", "other", 60, at=1002)


async def test_a_lease_ends_by_itself(own_redis: RedisServer) -> None:
    async with open_notes(own_redis.url) as notes:
        assert await notes.hold_lease("leader", "a", 0.001, at=1000)
        with redis.Redis(port=own_redis.port) as client:
            while client.exists("{drone-mcp}:note:lease:leader"):
                pass
        assert await notes.hold_lease("leader", "b", 60, at=1000)
