"""Opens notes when they are first needed, so that a server starts without them."""

from __future__ import annotations

import time

import anyio
from typing_extensions import override

from ci_mcp_kit.notes.base import Notes
from ci_mcp_kit.notes.service_binding import check_owner
from ci_mcp_kit.store_address import check_store_address


class SharedNotes(Notes):
    """The notes at the URL of DRONE_MCP_STATE; with `memory:` this process does not share them.

    Every method may raise a `StoreError`: the URL may be wrong, the store may not answer, or hold the data of another
    server.

    Args:
        url: of the store.
        service: the name of the service that is asked.
        address: of its server.
    """

    def __init__(self, url: str, service: str, address: str) -> None:
        self._url = url
        self._service = service
        self._address = address
        self._lock = anyio.Lock()
        self._notes: Notes | None = None

    async def _opened(self) -> Notes:
        # Two first calls at once would otherwise open two stores, and `memory:` would be two memories.
        async with self._lock:
            if self._notes is None:
                notes = await _open(self._url)
                try:
                    await check_owner(notes, self._service, self._address, at=time.time())
                except BaseException:
                    await notes.close()
                    raise
                self._notes = notes
            return self._notes

    @override
    async def claim(self, key: str, value: str, seconds: float, *, at: float) -> str | None:
        return await (await self._opened()).claim(key, value, seconds, at=at)

    @override
    async def write_note(self, key: str, value: str, seconds: float, *, at: float) -> None:
        await (await self._opened()).write_note(key, value, seconds, at=at)

    @override
    async def note(self, key: str, *, at: float) -> str | None:
        return await (await self._opened()).note(key, at=at)

    @override
    async def drop_note(self, key: str) -> None:
        await (await self._opened()).drop_note(key)

    @override
    async def hold_lease(self, name: str, holder: str, seconds: float, *, at: float) -> bool:
        return await (await self._opened()).hold_lease(name, holder, seconds, at=at)

    @override
    async def release_lease(self, name: str, holder: str) -> None:
        await (await self._opened()).release_lease(name, holder)

    @override
    async def close(self) -> None:
        """Close the notes, if they were opened. The next call opens them again."""
        notes, self._notes = self._notes, None
        if notes is not None:
            await notes.close()


async def _open(url: str) -> Notes:
    # Each kind is imported on use: it would make the start longer, and Redis is an extra.
    check_store_address(url)
    if url == "memory:":
        from ci_mcp_kit.notes.memory import MemoryNotes  # noqa: PLC0415 - see above

        return MemoryNotes()
    if url.startswith("sqlite:"):
        from ci_mcp_kit.notes.sqlite import SqliteNotes  # noqa: PLC0415 - see above

        return await SqliteNotes.open(url.removeprefix("sqlite://"))
    from ci_mcp_kit.notes.redis import RedisNotes  # noqa: PLC0415 - see above

    return RedisNotes.open(url)
