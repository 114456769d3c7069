"""Opens the guard of a process, and closes it with the access of the process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ci_mcp_kit.guard.guard import Guard
from ci_mcp_kit.guard.guard_notes import GuardNotes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ci_mcp_kit.guard.protocols import Gate, Writer
    from ci_mcp_kit.guard.settings import GuardSettings
    from ci_mcp_kit.notes.opening import SharedNotes
    from ci_mcp_kit.outgoing_text import Cleaner


class Access(Protocol):
    """The access of a process to its service, which closes at its end what was opened next to it."""

    clean: Cleaner
    at_close: list[Callable[[], Awaitable[Any]]]


def open_guard(
    settings: GuardSettings,
    access: Access,
    notes: SharedNotes,
    connect: Callable[[Gate], Writer],
    clock: Callable[[], float],
) -> Guard:
    """Return the guard of one process; it and its notes end with the access.

    Args:
        settings: limited to the tools that are offered.
        access: the way to read from the service.
        notes: that all processes of the agent share.
        connect: makes the client that may write.
        clock: gives the Unix time.
    """
    guard = Guard(settings, access.clean, GuardNotes(notes), connect, clock)
    access.at_close += [notes.close, guard.close]
    return guard
