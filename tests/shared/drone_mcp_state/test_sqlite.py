from __future__ import annotations

import asyncio
import sqlite3
import stat
import sys
from typing import TYPE_CHECKING

import anyio
import pytest

from drone_mcp_client.models import Build
from drone_mcp_state import StoreTooNew, StoreUnavailable, open_store, records, write_snapshot
from drone_mcp_state.sqlite_schema import MIGRATIONS, connect
from support.warm import warm_python

if TYPE_CHECKING:
    from pathlib import Path

SLUG = "octo/pub"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def build(number: int, version: int = 1) -> Build:
    return Build(number=number, status="running", version=version)


async def apply(url: str, *builds: Build) -> None:
    async with open_store(url) as store:
        for seen in builds:
            await store.apply(SLUG, seen, source="webhook", at=1000)


async def test_the_file_is_made_for_its_owner_only(path: Path) -> None:
    await apply(f"sqlite://{path}", build(1))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600  # noqa: ASYNC240 - a test may block


async def test_the_file_is_in_wal_mode_so_that_readers_do_not_hinder_the_writer(path: Path) -> None:
    await apply(f"sqlite://{path}", build(1))
    reader = sqlite3.connect(path)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM builds").fetchone() == (1,)
    await apply(f"sqlite://{path}", build(2))
    assert reader.execute("SELECT count(*) FROM builds").fetchone() == (1,)
    reader.close()


async def test_many_may_open_a_new_file_at_once(path: Path) -> None:
    await asyncio.gather(*(apply(f"sqlite://{path}", build(number)) for number in range(1, 9)))
    async with open_store(f"sqlite://{path}") as store:
        assert len([record async for record in store.records()]) == 8


async def test_a_file_of_a_later_release_is_refused(path: Path) -> None:
    await apply(f"sqlite://{path}", build(1))
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 99")
    other.close()
    with pytest.raises(StoreTooNew, match=f"has format 99, this release knows up to {len(MIGRATIONS)}"):
        await apply(f"sqlite://{path}", build(2))


async def test_a_file_of_an_earlier_release_is_brought_up_to_date(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await apply(f"sqlite://{path}", build(1))
    later = (*MIGRATIONS, "CREATE TABLE added (x)", "ALTER TABLE added ADD COLUMN y; CREATE INDEX i ON added (y)")
    monkeypatch.setattr("drone_mcp_state.sqlite_schema.MIGRATIONS", later)
    async with open_store(f"sqlite://{path}") as store:
        assert await store.get(SLUG, 1) is not None
    with sqlite3.connect(path) as other:
        assert other.execute("PRAGMA user_version").fetchone() == (len(later),)
        other.execute("INSERT INTO added (x, y) VALUES (1, 2)")
    other.close()


async def test_a_migration_that_fails_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await apply(f"sqlite://{path}", build(1))
    broken = (*MIGRATIONS, "CREATE TABLE added (x); CREATE TABLE added (x)")
    with monkeypatch.context() as patched:
        patched.setattr("drone_mcp_state.sqlite_schema.MIGRATIONS", broken)
        with pytest.raises(StoreUnavailable, match="added"):
            await apply(f"sqlite://{path}", build(2))
    await apply(f"sqlite://{path}", build(3))


@pytest.mark.parametrize("content", [b"this is no database" * 100, b"\x00" * 4096])
async def test_a_file_that_is_no_database_is_reported(path: Path, content: bytes) -> None:
    path.write_bytes(content)  # noqa: ASYNC240 - a test may block
    with pytest.raises(StoreUnavailable, match=r"state\.db"):
        await apply(f"sqlite://{path}", build(1))


async def test_a_folder_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="nowhere"):
        await apply(f"sqlite://{tmp_path}/nowhere/state.db", build(1))


async def test_a_failed_write_is_told_to_every_delivery_of_its_batch_and_the_next_one_is_good(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ci_mcp_kit.sqlite_file.BUSY_SECONDS", 0.01)
    async with open_store(f"sqlite://{path}") as store:
        blocker = connect(str(path))
        blocker.execute("BEGIN IMMEDIATE")
        reported = [store.apply(SLUG, build(number), source="webhook", at=1000) for number in range(1, 6)]
        failed = await asyncio.gather(*reported, return_exceptions=True)
        blocker.execute("ROLLBACK")
        blocker.close()
        assert [type(answer) for answer in failed] == [StoreUnavailable] * 5
        assert await store.get(SLUG, 1) is None
        assert await store.apply(SLUG, build(1), source="webhook", at=1000) is not None


async def test_the_feed_keeps_a_number_of_changes_and_says_when_it_does_not_reach_back(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drone_mcp_state.sqlite_statements.FEED_LENGTH", 10)
    async with open_store(f"sqlite://{path}") as store:
        start = await store.cursor()
        for number in range(1, 31):
            await store.apply(SLUG, build(number), source="webhook", at=1000)
        quiet = await store.cursor()
        for version in range(2, 22):
            await store.apply(SLUG, build(30, version), source="webhook", at=1000)
        assert not (await store.changes(start)).complete
        assert [change.number for change in (await store.changes(start)).items] == [30] * 10
        assert not await store.changes(quiet, SLUG, 5), "build 5 has not changed since, whatever the feed forgot"
        assert await store.changes(quiet, SLUG, 30)


async def test_a_cursor_of_a_copy_is_not_taken_for_one_of_the_original(path: Path, tmp_path: Path) -> None:
    async with open_store(f"sqlite://{path}") as store:
        await store.apply(SLUG, build(1), source="webhook", at=1000)
        await write_snapshot(store, tmp_path / "copy.db")
        async with open_store(f"sqlite://{tmp_path}/copy.db") as copy:
            assert not (await store.changes(await copy.cursor())).complete


def test_the_feed_is_longer_than_a_waiter_can_be_behind() -> None:
    # 1,500 deliveries a second for a little more than the pause between two looks
    assert records.FEED_LENGTH >= 1500 * 5


READ = "import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute('SELECT number FROM builds ORDER BY number'))"


async def test_a_process_that_leaves_loses_nothing_of_one_that_stays(path: Path) -> None:
    async with open_store(f"sqlite://{path}") as store:
        await store.apply(SLUG, build(1), source="webhook", at=1000)
        command = [*warm_python(), "-m", "support.state_process", f"sqlite://{path}", SLUG, "5", "6"]
        await anyio.run_process(command)
        await store.apply(SLUG, build(2), source="webhook", at=1000)
        # By another process, as connections of one process share what they know of the file.
        read = await anyio.run_process([sys.executable, "-c", READ, str(path)])
    assert read.stdout.split() == [b"(1,)", b"(2,)", b"(5,)"]
