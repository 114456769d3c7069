from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from drone_mcp_client.models import Build
from drone_mcp_state import StoreUnavailable, open_store
from drone_mcp_state.memory import MemoryStore
from drone_mcp_webhooks.retention import DAY, HOUR, Retention, RetentionLimits

if TYPE_CHECKING:
    import pytest

NOW = 100 * DAY


async def test_what_is_too_old_or_too_much_is_dropped_and_counted() -> None:
    async with open_store("memory:") as store:
        for number, created in [(1, 1 * DAY), (2, 95 * DAY), (3, 98 * DAY), (4, 99 * DAY)]:
            build = Build(number=number, status="success", version=3, created=int(created))
            await store.apply("octo/pub", build, source="webhook", at=NOW)
        retention = Retention(store, RetentionLimits(builds_per_repo=2, seconds=10 * DAY), now=lambda: NOW)
        assert await retention.drop_old_builds() == 2
        assert [record.build.number async for record in store.records()] == [3, 4]
        assert retention.metrics.value("drone_mcp_store_dropped_builds_total") == 2


class BrokenStore(MemoryStore):
    async def retain(self, *, builds_per_repo: int, newer_than: float) -> int:
        raise StoreUnavailable(f"the disk is full: {builds_per_repo} {newer_than}")


async def test_a_store_that_is_down_is_tried_again_in_an_hour(caplog: pytest.LogCaptureFixture) -> None:
    pauses: asyncio.Queue[float] = asyncio.Queue()

    async def pause(seconds: float) -> None:
        pauses.put_nowait(seconds)
        await asyncio.sleep(0)

    running = asyncio.create_task(Retention(BrokenStore(), pause=pause).run())
    assert [await pauses.get(), await pauses.get()] == [HOUR, HOUR]
    running.cancel()
    await asyncio.wait([running])
    assert "the disk is full" in caplog.text
