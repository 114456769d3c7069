"""The status page of a role: what it shows of Drone, and to whom."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ci_mcp_kit.outgoing_text import Cleaner
from ci_mcp_kit.redact import Redactor
from drone_mcp_build.access import DroneAccess
from drone_mcp_build.settings import Settings
from drone_mcp_known.known import LazyStore
from drone_mcp_status.audience import RoleReaders
from drone_mcp_status.health import DroneProbe
from drone_mcp_status.red_build_reader import Board
from drone_mcp_status.status import BuildSource, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AsyncExitStack

    from drone_mcp_status.audit_log import AuditReader
    from drone_mcp_status.page_data import CallUnderWay


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
        store = LazyStore(settings.state, settings.server)  # it may not be there at the start
        closing.push_async_callback(store.close)
        status.builds = BuildSource(store.open, Board(settings.server, time.time))
    return status
