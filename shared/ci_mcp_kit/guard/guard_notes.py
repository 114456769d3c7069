"""The state that all processes of one agent share: how often it acted, what was confirmed, what was sent.

It is kept as notes in the store, for all replicas and across restarts. With `memory:` each process has its own. Answers
do without a store that does not respond. Changes do not: it is unknown then what other processes have sent, so nothing
is sent.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ci_mcp_kit import logs
from ci_mcp_kit.guard.errors import NotesUnavailable
from ci_mcp_kit.store_errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ci_mcp_kit.notes.base import Notes

    Who = tuple[str, str, str]


class GuardNotes:
    """The notes of a guard. Every method raises `NotesUnavailable` if the store does not respond."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    async def claim(self, key: str, value: str, seconds: float, *, at: float) -> str | None:
        """Write a note unless there is one; return the existing one, or None if this one was written."""
        with _answering():
            return await self._notes.claim(key, value, seconds, at=at)

    async def write_note(self, key: str, value: str, seconds: float, *, at: float) -> None:
        """Write a note, and replace an existing one."""
        with _answering():
            await self._notes.write_note(key, value, seconds, at=at)

    async def note(self, key: str, *, at: float) -> str | None:
        """Read a note that has not expired."""
        with _answering():
            return await self._notes.note(key, at=at)

    async def drop_note(self, key: str) -> None:
        """Delete a note, if there is one."""
        with _answering():
            await self._notes.drop_note(key)


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise NotesUnavailable(f"It is unknown what was done before: {error}") from error


def who(agent: Mapping[str, str]) -> Who:
    """Return what identifies an agent: its role and session, and the caller if the process serves several.

    The pod and the process do not count: replicas are one agent.
    """
    return agent.get("role", ""), agent.get("session", ""), logs.caller()


def key(kind: str, *facts: object) -> str:
    """Return the key of a note. Facts are hashed, because they may be long, and parameters may be secrets."""
    # 128 bits: two sets of facts do not get the same key by chance.
    return f"{kind}:{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]}"
