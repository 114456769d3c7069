"""What all processes of one agent have to agree on: how often it acted, what was confirmed, what was sent.

Where they share a store, its notes say so for every replica and across restarts; a store of one process alone knows
only of that one.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Protocol

from ci_mcp_kit import logs

if TYPE_CHECKING:
    from collections.abc import Mapping

    Who = tuple[str, str, str]


class Notes(Protocol):
    """Short texts that run out. A store that processes share has them.

    Every method raises `NotesUnavailable` where nobody can tell: what depends on it does not happen.
    """

    async def claim(self, key: str, value: str, seconds: float, *, at: float) -> str | None:
        """Write a note unless one stands; return the one that stands, or None when this one was written."""

    async def write_note(self, key: str, value: str, seconds: float, *, at: float) -> None:
        """Write a note over whatever stands."""

    async def note(self, key: str, *, at: float) -> str | None:
        """Read a note that has not run out."""

    async def drop_note(self, key: str) -> None:
        """Take a note away."""


def who(agent: Mapping[str, str]) -> Who:
    """Tell agents apart: by role, session, and who calls where a process serves several at this moment.

    Where one happens to run (pod, process) makes it no other.
    """
    return agent.get("role", ""), agent.get("session", ""), logs.caller()


def key(kind: str, *facts: object) -> str:
    """Name a note. Facts are hashed: they may be long, and parameters among them secret."""
    return f"{kind}:{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]}"
