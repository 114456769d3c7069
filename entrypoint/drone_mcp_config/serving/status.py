"""The status pages of a process that serves roles: each caller sees that of their role."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ci_mcp_kit import observing
from ci_mcp_kit.guard.confirmation_tokens import derived
from ci_mcp_kit.guard.variables import AUDIT
from ci_mcp_kit.http_app import Refused
from ci_mcp_kit.http_process import SideService, listen
from ci_mcp_kit.http_settings import read_address, read_loopback
from drone_mcp_config.drone import service as drone
from drone_mcp_config.drone.role_status import role_status
from drone_mcp_status.app import PATH, StatusApp
from drone_mcp_status.audit_log import AuditReader
from drone_mcp_status.calls_under_way import CallsUnderWay

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Callable, Sequence

    from starlette.requests import Request

    from ci_mcp_kit.http_settings import Address, HttpSettings
    from drone_mcp_config.roles.delegated_servers import RoleChoice
    from drone_mcp_config.serving.pool import Pool, SetKey
    from drone_mcp_config.serving.servers import HostedServer
    from drone_mcp_status.status import Status


class StatusPages:
    """Finds the status page of a caller.

    Args:
        identify: returns the role of a caller, or raises `Refused`.
        servers_of: returns the servers of a role.
        pool: knows the secrets of all servers that run.
        calls: the open calls of this process.
        closing: closes the connections of all pages.
    """

    def __init__(
        self,
        identify: Callable[[Request], SetKey],
        servers_of: Callable[[RoleChoice], Sequence[HostedServer]],
        pool: Pool,
        calls: CallsUnderWay,
        closing: AsyncExitStack,
    ) -> None:
        self._identify = identify
        self._servers_of = servers_of
        self._pool = pool
        self._calls = calls
        self._closing = closing
        # Each with the servers that it was made for: a role may change. An old page's connections stay open until the
        # end, as a request may be using them.
        self._pages: dict[RoleChoice, tuple[Sequence[HostedServer], Status]] = {}

    async def find(self, request: Request) -> Status:
        """Return the page of the role of the one who asks.

        Raises:
            Refused: this caller has none.
        """
        key = self._identify(request)
        if key.tokens:
            # A browser sends no token for a service, so their page would be that of another user.
            raise Refused(403, "Callers with tokens of their own for the services have no status page")
        servers = self._servers_of(key.role)
        made_for, page = self._pages.get(key.role, (None, None))
        if page is None or made_for != servers:
            page = self._make(key.role, servers)
            self._pages[key.role] = servers, page
        return page

    def _make(self, choice: RoleChoice, servers: Sequence[HostedServer]) -> Status:
        asking = (one.environment for one in servers if any(s.name == drone.NAME for s in one.manifest.services))
        audits: dict[str, AuditReader] = {}  # several servers may write to the same log
        for server in servers:
            guard = server.manifest.guard
            if guard is None or server.environment.get(guard.mode, "off") == "off":
                continue
            place = server.environment.get(AUDIT.name, "stderr")
            key = next((server.environment.get(key.variable, "") for key in guard.keys.values() if key.secret), "")
            signing = derived(key.encode(), "audit") if key else None
            audits.setdefault(place, AuditReader(place, signing, time.monotonic))
        return role_status(
            str(choice),
            next(asking, None),
            audits=list(audits.values()),
            calls=partial(self._calls.of_role, str(choice)),
            secrets=self._pool.secrets,
            closing=self._closing,
        )


@dataclass(frozen=True)
class StatusPlace:
    """The bound address of the status pages, and the names by which callers may reach it."""

    listener: socket.socket
    names: frozenset[str]


def take_status_address(text: str, http: HttpSettings, *, guarded: bool) -> StatusPlace:
    """Bind the address of the status pages; without tokens of callers, only this machine may reach it.

    Raises:
        SettingsError: it is wrong or taken.
    """
    address: Address = read_address(text) if guarded or http.is_guarded else read_loopback(text)
    return StatusPlace(listen(address), address.names | set(http.hosts))


@asynccontextmanager
async def serving_status(
    place: StatusPlace | None,
    identify: Callable[[Request], SetKey],
    servers_of: Callable[[RoleChoice], Sequence[HostedServer]],
    pool: Pool,
) -> AsyncIterator[tuple[SideService, ...]]:
    """Yield the status pages as a side service, if there is an address for them."""
    if place is None:
        yield ()
        return
    calls = CallsUnderWay()
    async with AsyncExitStack() as closing:
        pages = StatusPages(identify, servers_of, pool, calls, closing)
        observing.install(calls)
        closing.callback(observing.remove, calls)
        yield (SideService("status", StatusApp(place.names, pages.find), place.listener, PATH),)
