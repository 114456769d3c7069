"""The store is opened at first use, and closing it leaves nothing open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from drone_mcp_known.known import State

if TYPE_CHECKING:
    from pathlib import Path

    from drone_mcp_state import BuildStateStore


async def test_closing_a_store_that_is_being_opened_closes_it(tmp_path: Path) -> None:
    state = State(f"sqlite://{tmp_path}/state.db", "https://drone.test", lambda: 0.0)
    opened: list[BuildStateStore] = []

    async def note(store: BuildStateStore) -> None:
        opened.append(store)

    async with anyio.create_task_group() as group:
        group.start_soon(state.ask, note)
        await anyio.lowlevel.checkpoint()  # it is being opened by now
        await state.close()
    await state.ask(note)
    assert opened[1] is not opened[0]
    await state.close()
