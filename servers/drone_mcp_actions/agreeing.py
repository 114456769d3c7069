"""The notes at DRONE_MCP_STATE: what all processes of this agent agree on.

For answers a store that is gone does not matter, they come from Drone then. Here it does: without it nobody can tell
what another process has sent, so nothing is.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ci_mcp_kit.guard.errors import NotesUnavailable
from drone_mcp_known.opening import StoreAtNeed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from drone_mcp_state import BuildStateStore


class Agreed:
    """The guard's notes, in the store of an address; with `memory:` they are this process's alone."""

    def __init__(self, url: str) -> None:
        self._store = StoreAtNeed(url)

    async def claim(self, key: str, value: str, seconds: float, *, at: float) -> str | None:
        """Write a note unless one stands."""
        async with self._answering() as store:
            return await store.claim(key, value, seconds, at=at)

    async def write_note(self, key: str, value: str, seconds: float, *, at: float) -> None:
        """Write a note over whatever stands."""
        async with self._answering() as store:
            await store.write_note(key, value, seconds, at=at)

    async def note(self, key: str, *, at: float) -> str | None:
        """Read a note that has not run out."""
        async with self._answering() as store:
            return await store.note(key, at=at)

    async def drop_note(self, key: str) -> None:
        """Take a note away."""
        async with self._answering() as store:
            await store.drop_note(key)

    async def close(self) -> None:
        """Let go of the store."""
        await self._store.close()

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[BuildStateStore]:
        from drone_mcp_state import StoreError  # noqa: PLC0415 - on first use, to start fast

        try:
            yield await self._store.opened()
        except StoreError as error:
            raise NotesUnavailable(f"Nobody can tell what was done before: {error}") from error
