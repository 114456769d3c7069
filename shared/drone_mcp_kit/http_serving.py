"""One MCP server as a process that serves over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

from drone_mcp_kit.http_app import HttpApp, Refused, check_bearer, hosted
from drone_mcp_kit.listening import serve

if TYPE_CHECKING:
    from socket import socket

    from mcp.server.mcpserver import MCPServer
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from drone_mcp_kit.http_settings import HttpSettings

PATH = "/mcp"


def run_server(server: MCPServer[Any], settings: HttpSettings, listener: socket) -> None:
    """Serve one MCP server at /mcp until SIGTERM or SIGINT."""

    async def run() -> None:
        async with hosted(server) as inner:
            app = _one(inner, settings)
            await serve(app, listener, app.drain)

    anyio.run(run)


def _one(app: ASGIApp, settings: HttpSettings) -> HttpApp:
    async def route(request: Request) -> ASGIApp:
        check_bearer(request, settings)
        if request.scope["path"] != PATH:
            raise Refused(404, f"There is nothing here; the server is at {PATH}")
        return app

    return HttpApp(settings, route, lambda: settings.is_ready)
