"""Opens the store of a URL: `memory:`, `sqlite:///path` or `redis://…`; and copies a store."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ci_mcp_kit.store_address import check_store_address

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from drone_mcp_state.store import BuildStateStore


@asynccontextmanager
async def open_store(url: str) -> AsyncGenerator[BuildStateStore]:
    """Open the store of a URL; raises `StoreUrlInvalid`, `StoreTooNew` or `StoreUnavailable`."""
    store = await _open(url)
    try:
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
        await copy.take(store)


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
