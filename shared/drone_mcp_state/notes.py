"""Notes: short texts with an expiry that all processes share, for example about actions and confirmations."""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod

from typing_extensions import override


class Notes(ABC):
    """Texts under keys, each of which expires after a number of seconds.

    `at` is the current time in Unix seconds. Redis uses its own clock instead, as those of its clients may differ.
    """

    @abstractmethod
    async def claim(self, key: str, value: str, seconds: float, *, at: float) -> str | None:
        """Write a note unless there is one; return the existing one, or None if this one was written.

        Of several processes that claim at once, exactly one gets None.
        """

    @abstractmethod
    async def write_note(self, key: str, value: str, seconds: float, *, at: float) -> None:
        """Write a note, and replace an existing one."""

    @abstractmethod
    async def note(self, key: str, *, at: float) -> str | None:
        """Read a note that has not expired."""

    @abstractmethod
    async def drop_note(self, key: str) -> None:
        """Delete a note, if there is one."""


class MemoryNotes(Notes):
    """Notes in the memory of one process."""

    def __init__(self) -> None:
        self._notes: dict[str, tuple[str, float]] = {}
        self._ends: list[tuple[float, str]] = []  # a heap, by expiry

    @override
    async def claim(self, key: str, value: str, seconds: float, *, at: float) -> str | None:
        standing = await self.note(key, at=at)
        if standing is None:
            await self.write_note(key, value, seconds, at=at)
        return standing

    @override
    async def write_note(self, key: str, value: str, seconds: float, *, at: float) -> None:
        self._delete_expired(at)
        self._notes[key] = (value, at + seconds)
        heapq.heappush(self._ends, (at + seconds, key))

    def _delete_expired(self, at: float) -> None:
        while self._ends and self._ends[0][0] <= at:
            _, key = heapq.heappop(self._ends)
            if self._notes.get(key, ("", at + 1))[1] <= at:  # it may have been written again since
                del self._notes[key]

    @override
    async def note(self, key: str, *, at: float) -> str | None:
        value, until = self._notes.get(key, ("", at))
        return value if at < until else None

    @override
    async def drop_note(self, key: str) -> None:
        self._notes.pop(key, None)
