"""The interface of notes and leases."""

from __future__ import annotations

from abc import ABC, abstractmethod


class Notes(ABC):
    """Texts under keys, each of which expires after a number of seconds.

    `at` is the current time in Unix seconds. Redis uses its own clock instead, as those of its clients may differ.
    Every method may raise `StoreUnavailable`.
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

    @abstractmethod
    async def hold_lease(self, name: str, holder: str, seconds: float, *, at: float) -> bool:
        """Take or renew a lease; return False while another holder has it."""

    @abstractmethod
    async def release_lease(self, name: str, holder: str) -> None:
        """Release a lease; does nothing if another holder has it."""

    async def close(self) -> None:  # noqa: B027 - notes in memory have nothing to close
        """Close what was opened."""


def lease_key(name: str) -> str:
    """Return the key of the note that stands for a lease; its value is the holder."""
    return f"lease:{name}"
