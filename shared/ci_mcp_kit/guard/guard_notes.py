"""What all processes of one agent have to agree on: how often it acted, what was confirmed, what was sent.

Where they share a store, its notes say so for every replica and across restarts; a store of one process alone knows
only of that one. For answers a store that is gone does not matter. Here it does: without it nobody can tell what
another process has sent, so nothing is sent.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ci_mcp_kit import logs
from ci_mcp_kit.guard.errors import NotesUnavailable
from ci_mcp_kit.stores import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ci_mcp_kit.notes.base import Notes

    Who = tuple[str, str, str]


class GuardNotes:
    """The notes of a guard. Every method raises `NotesUnavailable` where the store cannot tell."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    async def claim(self, key: str, value: str, seconds: float, *, at: float) -> str | None:
        """Write a note unless one stands; return the one that stands, or None when this one was written."""
        with _answering():
            return await self._notes.claim(key, value, seconds, at=at)

    async def write_note(self, key: str, value: str, seconds: float, *, at: float) -> None:
        """Write a note over whatever stands."""
        with _answering():
            await self._notes.write_note(key, value, seconds, at=at)

    async def note(self, key: str, *, at: float) -> str | None:
        """Read a note that has not run out."""
        with _answering():
            return await self._notes.note(key, at=at)

    async def drop_note(self, key: str) -> None:
        """Take a note away."""
        with _answering():
            await self._notes.drop_note(key)


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise NotesUnavailable(f"Nobody can tell what was done before: {error}") from error


def who(agent: Mapping[str, str]) -> Who:
    """Tell agents apart: by role, session, and who calls where a process serves several at this moment.

    Where one happens to run (pod, process) makes it no other.
    """
    return agent.get("role", ""), agent.get("session", ""), logs.caller()


def key(kind: str, *facts: object) -> str:
    """Name a note. Facts are hashed: they may be long, and parameters among them secret."""
    # 128 bits: two sets of facts do not get the same key by chance.
    return f"{kind}:{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]}"
