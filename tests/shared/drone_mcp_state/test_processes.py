"""Several processes at one store: SQLite on one machine, Redis on many."""

from __future__ import annotations

import asyncio

from drone_mcp_client.models import Build
from drone_mcp_state import BuildStateStore, open_store
from support.patience import PATIENCE
from support.warm import warm_python

SLUG = "octo/pub"


async def start(url: str, slug: str, first: int, end: int) -> asyncio.subprocess.Process:
    command = [*warm_python(), "-m", "support.state_process", url, slug, str(first), str(end)]
    return await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)


async def statuses(store: BuildStateStore, slug: str) -> dict[int, str]:
    return {r.build.number: r.build.status async for r in store.records() if r.slug == slug}


async def test_processes_that_write_at_once_lose_nothing_of_each_other(shared_url: str) -> None:
    writers = [
        await start(shared_url, SLUG, 1, 60),
        await start(shared_url, SLUG, 30, 90),
        await start(shared_url, "octo/priv", 1, 60),
    ]
    for writer in writers:
        await asyncio.wait_for(writer.communicate(), PATIENCE)
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    async with open_store(shared_url) as store:
        assert await statuses(store, SLUG) == dict.fromkeys(range(1, 90), "success")
        assert await statuses(store, "octo/priv") == dict.fromkeys(range(1, 60), "success")
        assert await store.unfinished() == ()


async def test_a_waiter_is_woken_by_a_write_of_another_process(shared_url: str) -> None:
    async with open_store(shared_url) as store:
        cursor = await store.cursor()
        waiting = asyncio.create_task(store.wait(SLUG, 7, cursor, timeout=60))
        writer = await start(shared_url, SLUG, 5, 9)
        found = await asyncio.wait_for(waiting, 60)
        await asyncio.wait_for(writer.communicate(), PATIENCE)
    assert {change.number for change in found.items} == {7}


async def test_what_a_killed_process_had_confirmed_is_there(shared_url: str) -> None:
    writer = await start(shared_url, SLUG, 1, 1_000_000)
    assert writer.stdout is not None
    confirmed = [int(await asyncio.wait_for(writer.stdout.readline(), PATIENCE)) for _ in range(50)]
    writer.kill()
    rest, _ = await asyncio.wait_for(writer.communicate(), PATIENCE)
    confirmed += [int(line) for line in rest.split(b"\n")[:-1]]
    async with open_store(shared_url) as store:
        found = await statuses(store, SLUG)
    assert {number: found.get(number) for number in confirmed} == dict.fromkeys(confirmed, "success")


async def test_a_reader_sees_at_once_what_another_process_wrote(shared_url: str) -> None:
    async with open_store(shared_url) as one, open_store(shared_url) as other:
        for version, status in [(1, "pending"), (2, "running"), (3, "success")]:
            await one.apply(SLUG, Build(number=7, status=status, version=version), source="webhook", at=1000)
            record = await other.get(SLUG, 7)
            assert record is not None
            assert record.build.status == status


async def test_writers_that_remember_the_same_build_do_not_undo_each_other(shared_url: str) -> None:
    def seen(number: int, version: int) -> Build:
        stage = {"number": number, "name": "x", "status": "running", "version": version}
        return Build.model_validate({"number": 7, "status": "running", "version": 2, "stages": [stage]})

    async with open_store(shared_url) as one, open_store(shared_url) as other:
        for version in range(1, 20):
            await one.apply(SLUG, seen(1, version), source="webhook", at=1000)
            await other.apply(SLUG, seen(2, version), source="webhook", at=1000)
        record = await one.get(SLUG, 7)
    assert record is not None
    assert [stage.version for stage in record.build.stages] == [19, 19]


async def test_cursors_are_good_in_every_process(shared_url: str) -> None:
    async with open_store(shared_url) as one, open_store(shared_url) as other:
        cursor = await one.cursor()
        await other.apply(SLUG, Build(number=7, status="running", version=2), source="webhook", at=1000)
        changes = await one.changes(cursor)
        assert [change.number for change in changes.items] == [7]
        assert not await other.changes(changes.cursor)
