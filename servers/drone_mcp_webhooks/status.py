"""The status page of a receiver, for the people who run it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from ci_mcp_kit.guard.confirmation_tokens import derived
from ci_mcp_kit.http_process import SideService
from ci_mcp_kit.http_settings import LOOPBACK_NAMES
from ci_mcp_kit.outgoing_text import Cleaner
from ci_mcp_kit.redact import Redactor
from drone_mcp_client.client import DroneClient

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from drone_mcp_webhooks.receiver import Receiver
    from drone_mcp_webhooks.settings import ReceiverSettings

T = TypeVar("T")


@dataclass(frozen=True)
class StatusPage:
    """Where the page is, and the audit file that it shows.

    Attributes:
        key: that the lines of the file are signed with; "" if they are not.
    """

    listener: socket.socket
    audit: Path | None = None
    key: str = ""


@asynccontextmanager
async def serving_status(
    page: StatusPage | None, settings: ReceiverSettings, receiver: Receiver
) -> AsyncGenerator[tuple[SideService, ...]]:
    """Yield the page as a side service, if there is to be one."""
    if page is None:
        yield ()
        return
    if settings.drone is None:
        yield (_side_service(page, settings, receiver, None),)
        return
    # A client of its own: looking at the page must not use up the requests of the comparison.
    async with DroneClient(replace(settings.drone, retries=0)) as drone:
        yield (_side_service(page, settings, receiver, drone),)


def _side_service(
    page: StatusPage, settings: ReceiverSettings, receiver: Receiver, drone: DroneClient | None
) -> SideService:
    from drone_mcp_status.app import PATH, StatusApp  # noqa: PLC0415 - the page is off by default
    from drone_mcp_status.audit_log import AuditReader  # noqa: PLC0415 - likewise
    from drone_mcp_status.health import DroneProbe  # noqa: PLC0415 - likewise
    from drone_mcp_status.red_build_reader import Board  # noqa: PLC0415 - likewise
    from drone_mcp_status.status import BuildSource, Status  # noqa: PLC0415 - likewise

    board = Board(settings.drone.server if settings.drone else "", receiver.now)
    key = derived(page.key.encode(), "audit") if page.key else None
    status = Status(
        subject="webhook receiver",
        clean=Cleaner(Redactor(lambda: [*settings.secrets(), *([page.key] if page.key else [])])),
        builds=BuildSource(partial(_return, receiver.store), board, receiver.store_problem),
        drone=DroneProbe(partial(_return, drone), receiver.now) if drone else None,
        audits=[AuditReader(str(page.audit.absolute()), key, receiver.now)] if page.audit else [],
        clock=receiver.now,
    )
    names = LOOPBACK_NAMES | {page.listener.getsockname()[0]}
    return SideService("status", StatusApp(names, lambda _: _return(status)), page.listener, PATH)


async def _return(value: T) -> T:
    return value
