"""Opens the store of a URL: `memory:`, `sqlite:///path` or `redis://…`; and copies a store."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ci_mcp_kit.notes.service_binding import check_owner, copy_owner
from ci_mcp_kit.store_address import check_store_address
from drone_mcp_client.errors import DRONE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from drone_mcp_state.store import BuildStateStore


@asynccontextmanager
async def open_store(url: str, server: str = "") -> AsyncGenerator[BuildStateStore]:
    """Open the store of a URL, for the Drone at an address; "": for whichever it is.

    Raises:
        StoreUrlInvalid: the URL is wrong.
        StoreUnavailable: the store does not answer; of those that connect later, only where `server` is given.
        StoreTooNew: a later release has written it.
        StoreOfAnother: it holds the builds of another Drone.
    """
    store = await _open(url)
    try:
        if server:
            await check_owner(store.notes, DRONE.name, server, at=time.time())
        yield store
    finally:
        await store.close()


async def write_snapshot(store: BuildStateStore, path: Path) -> None:
    """Write a copy, readable as `sqlite:///path`, while others go on writing; `path` is absolute and new.

    Each build in it is consistent; a SQLite store is copied as of one moment.
    """
    from drone_mcp_state.sqlite import SqliteStore  # noqa: PLC0415 - on first use, to start fast

    if isinstance(store, SqliteStore):
        await store.copy_to(path)
        return
    async with open_store(f"sqlite://{path}") as copy:
        await copy_owner(store.notes, copy.notes, DRONE.name, at=time.time())
        await copy.take(store)


async def restore_snapshot(copy: BuildStateStore, store: BuildStateStore) -> int:
    """Merge a copy into a store; return the number of its builds.

    Raises:
        StoreOfAnother: it is a copy of the builds of another Drone.
    """
    await copy_owner(copy.notes, store.notes, DRONE.name, at=time.time())
    return await store.take(copy)


async def _open(url: str) -> BuildStateStore:
    # Each store is imported on use: it would make the start longer, and Redis is an extra.
    check_store_address(url)
    if url == "memory:":
        from drone_mcp_state.memory import MemoryStore  # noqa: PLC0415 - see above

        return MemoryStore()
    if url.startswith("sqlite:"):
        from drone_mcp_state.sqlite import SqliteStore  # noqa: PLC0415 - see above

        return await SqliteStore.open(url.removeprefix("sqlite://"))
    from drone_mcp_state.redis_store import RedisStore  # noqa: PLC0415 - see above

    return await RedisStore.open(url)
