"""Notes in the memory of one process."""

from __future__ import annotations

import heapq

from typing_extensions import override

from ci_mcp_kit.notes.base import Notes, lease_key


class MemoryNotes(Notes):
    """Keeps notes in a dictionary; each write deletes expired notes."""

    def __init__(self) -> None:
        self._notes: dict[str, tuple[str, float]] = {}
        self._ends: list[tuple[float, str]] = []  # a heap, by expiry

    @override
    async def claim(self, key: str, value: str, seconds: float, *, at: float) -> str | None:
        # Atomic although there are two steps: neither of them suspends, so no other task runs in between.
        existing = await self.note(key, at=at)
        if existing is None:
            await self.write_note(key, value, seconds, at=at)
        return existing

    @override
    async def write_note(self, key: str, value: str, seconds: float, *, at: float) -> None:
        while self._ends and self._ends[0][0] <= at:
            _, old = heapq.heappop(self._ends)
            if self._notes.get(old, ("", at + 1))[1] <= at:  # it may have been written again since
                del self._notes[old]
        self._notes[key] = (value, at + seconds)
        heapq.heappush(self._ends, (at + seconds, key))

    @override
    async def note(self, key: str, *, at: float) -> str | None:
        value, until = self._notes.get(key, ("", at))
        return value if at < until else None

    @override
    async def drop_note(self, key: str) -> None:
        self._notes.pop(key, None)

    @override
    async def hold_lease(self, name: str, holder: str, seconds: float, *, at: float) -> bool:
        key = lease_key(name)
        if await self.note(key, at=at) not in {None, holder}:
            return False
        await self.write_note(key, holder, seconds, at=at)
        return True

    @override
    async def release_lease(self, name: str, holder: str) -> None:
        if self._notes.get(lease_key(name), ("", 0))[0] == holder:
            await self.drop_note(lease_key(name))
