"""Short notes that every process at a store sees: what has been done, used or claimed."""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod

from typing_extensions import override


class Notes(ABC):
    """Texts under keys, each for a number of seconds after which it is gone.

    `at` is now, in Unix seconds. Redis goes by its own clock instead: those of the machines that share it may differ.
    """

    @abstractmethod
    async def claim(self, key: str, value: str, seconds: float, *, at: float) -> str | None:
        """Write a note unless one stands; return the one that stands, or None when this one was written.

        Of several processes that claim at once, exactly one gets None.
        """

    @abstractmethod
    async def write_note(self, key: str, value: str, seconds: float, *, at: float) -> None:
        """Write a note over whatever stands."""

    @abstractmethod
    async def note(self, key: str, *, at: float) -> str | None:
        """Read a note that has not run out."""

    @abstractmethod
    async def drop_note(self, key: str) -> None:
        """Take a note away; nothing happens if there is none."""


class MemoryNotes(Notes):
    """The notes of one process."""

    def __init__(self) -> None:
        self._notes: dict[str, tuple[str, float]] = {}
        self._ends: list[tuple[float, str]] = []  # a heap: what runs out first comes first

    @override
    async def claim(self, key: str, value: str, seconds: float, *, at: float) -> str | None:
        standing = await self.note(key, at=at)
        if standing is None:
            await self.write_note(key, value, seconds, at=at)
        return standing

    @override
    async def write_note(self, key: str, value: str, seconds: float, *, at: float) -> None:
        self._forget(at)
        self._notes[key] = (value, at + seconds)
        heapq.heappush(self._ends, (at + seconds, key))

    def _forget(self, at: float) -> None:
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
