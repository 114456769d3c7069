"""A store that is opened at first use: closing it leaves nothing open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from drone_mcp_known.known import LazyStore

if TYPE_CHECKING:
    from pathlib import Path

    from drone_mcp_state import BuildStateStore


async def test_closing_a_store_that_is_being_opened_closes_it(tmp_path: Path) -> None:
    lazy = LazyStore(f"sqlite://{tmp_path}/state.db", "https://drone.test")
    opened: list[BuildStateStore] = []

    async def open_it() -> None:
        opened.append(await lazy.open())

    async with anyio.create_task_group() as group:
        group.start_soon(open_it)
        await anyio.lowlevel.checkpoint()  # it is being opened by now
        await lazy.close()
    assert await lazy.open() is not opened[0]
    await lazy.close()
