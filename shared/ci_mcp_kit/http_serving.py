"""Serves one MCP server over HTTP."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio

from ci_mcp_kit import observing
from ci_mcp_kit.http_app import HttpApp, check_bearer, hosted
from ci_mcp_kit.http_process import SideService, listen, serve

if TYPE_CHECKING:
    from socket import socket

    from mcp.server.mcpserver import MCPServer
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from ci_mcp_kit.http_settings import HttpSettings

PATH = re.compile(r"/mcp/?")


@dataclass(frozen=True)
class Places:
    """The bound addresses of a process."""

    callers: socket
    side_services: tuple[SideService, ...] = ()


def take(settings: HttpSettings) -> Places:
    """Bind the addresses that a process listens on, and start to count what Prometheus reads there.

    Raises:
        SettingsError: one of them cannot be bound.
    """
    callers = listen(settings.address)
    if settings.metrics is None:
        return Places(callers)
    from ci_mcp_kit import metrics  # noqa: PLC0415 - imports a library that nothing else uses

    counts = metrics.Metrics()
    service = SideService("metrics", counts, listen(settings.metrics), metrics.PATH)
    observing.install(counts)
    return Places(callers, (service,))


def run_server(server: MCPServer[Any], settings: HttpSettings, places: Places) -> None:
    """Serve one MCP server at /mcp until SIGTERM or SIGINT."""

    async def run() -> None:
        async with hosted(server) as inner:

            async def route(request: Request, _: re.Match[str]) -> ASGIApp:
                check_bearer(request, settings)
                return inner

            await serve_app(HttpApp(settings, PATH, route, lambda: settings.is_ready), places)

    anyio.run(run)


async def serve_app(app: HttpApp, places: Places) -> None:
    """Serve until SIGTERM or SIGINT."""
    await serve(app, places.callers, app.drain, places.side_services)
