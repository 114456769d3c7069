"""The status page of a role: what it shows of Drone, and to whom."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ci_mcp_kit.cleaning import Cleaner
from ci_mcp_kit.redact import Redactor
from drone_mcp_build.access import DroneAccess
from drone_mcp_build.settings import Settings
from drone_mcp_state import open_store
from drone_mcp_status.audience import RoleReaders
from drone_mcp_status.board import Board
from drone_mcp_status.health import DroneProbe
from drone_mcp_status.status import BuildSource, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AsyncExitStack

    from drone_mcp_state import BuildStateStore
    from drone_mcp_status.audit_log import AuditReader
    from drone_mcp_status.overview import CallUnderWay


class _Store:
    """The store of a role, opened for the first page: it may not be there at the start."""

    def __init__(self, settings: Settings, closing: AsyncExitStack) -> None:
        self._settings = settings
        self._closing = closing
        self._store: BuildStateStore | None = None

    async def open(self) -> BuildStateStore:
        """Return the store; a page asks once at a time.

        Raises:
            StoreError: it cannot be opened.
        """
        if self._store is None:
            opening = open_store(self._settings.state, self._settings.server)
            self._store = await self._closing.enter_async_context(opening)
        return self._store


def role_status(
    role: str,
    environment: Mapping[str, str] | None,
    *,
    audits: Sequence[AuditReader],
    calls: Callable[[], tuple[CallUnderWay, ...]],
    secrets: Callable[[], Iterable[str]],
    closing: AsyncExitStack,
) -> Status:
    """Return what reads the page of a role.

    Args:
        role: its name.
        environment: of one of its servers that ask Drone; None if there is none.
        audits: the audit logs of its servers.
        calls: returns the open calls of its callers.
        secrets: returns what no page may show.
        closing: closes the connections at the end.
    """
    clean = Cleaner(Redactor(secrets))
    settings = Settings.from_environment(environment) if environment is not None else None
    access = DroneAccess(settings) if settings else None
    audience = RoleReaders(role, access, time.time)
    status = Status(subject=f"role {role}", clean=clean, audience=audience, audits=audits, calls=calls)
    if settings is None or access is None:
        return status
    closing.push_async_callback(access.close)
    status.drone = DroneProbe(access.client, time.time)
    # The builds in the memory of another process cannot be read.
    if settings.state != "memory:":
        status.builds = BuildSource(_Store(settings, closing).open, Board(settings.server, time.time))
    return status
