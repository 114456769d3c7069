"""What every kind of notes does."""

from __future__ import annotations

from abc import ABC, abstractmethod


class Notes(ABC):
    """Texts under keys, each for a number of seconds, after which it is gone.

    `at` is the present time in Unix seconds. Redis uses its own clock instead: the clocks of the machines that share it
    may differ. Every method may raise `StoreUnavailable`.
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

    @abstractmethod
    async def hold_lease(self, name: str, holder: str, seconds: float, *, at: float) -> bool:
        """Take or renew a lease; return False while another holder has it."""

    @abstractmethod
    async def release_lease(self, name: str, holder: str) -> None:
        """Give a lease back early; nothing happens if another holder has it."""

    async def close(self) -> None:  # noqa: B027 - notes in memory have nothing to close
        """Close what was opened."""


def lease_key(name: str) -> str:
    """Return the key of the note that a lease is: its value is the holder."""
    return f"lease:{name}"
