"""A process that serves over HTTP: takes the address, says when it is ready, and leaves in order."""

from __future__ import annotations

import contextlib
import json
import logging
import signal
import socket
from typing import TYPE_CHECKING, Any

import anyio
import uvicorn

from drone_mcp_kit.http_app import HttpApp, Refused, check_bearer, hosted
from drone_mcp_kit.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcp.server.mcpserver import MCPServer
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from drone_mcp_kit.http_settings import Address, HttpSettings

logger = logging.getLogger(__name__)

DRAIN_SECONDS = 10  # requests under way get this long after SIGTERM
BACKLOG = 2048
PATH = "/mcp"


def listen(address: Address) -> socket.socket:
    """Take an address.

    Raises:
        SettingsError: it cannot be had.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        listener = socket.create_server((address.host, address.port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise SettingsError(f"cannot listen on {address}: {error.strerror}") from error
    # asyncio turns Nagle's algorithm off only for sockets that name their protocol; with it every answer waits 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def run_server(server: MCPServer[Any], settings: HttpSettings, listener: socket.socket) -> None:
    """Serve one MCP server at /mcp until SIGTERM or SIGINT."""

    async def run() -> None:
        async with hosted(server) as app:
            await serve(_one(app, settings), listener)

    anyio.run(run)


def _one(app: ASGIApp, settings: HttpSettings) -> HttpApp:
    async def route(request: Request) -> ASGIApp:
        check_bearer(request, settings)
        if request.scope["path"] != PATH:
            raise Refused(404, f"There is nothing here; the server is at {PATH}")
        return app

    return HttpApp(settings, route, lambda: settings.is_ready)


async def serve(app: HttpApp, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT, then answer what is under way; a second signal ends that, too."""
    server = _Server(app, listener)
    for number in (signal.SIGTERM, signal.SIGINT):
        # No bound method: the library that streams events looks for uvicorn behind the handler, and cuts every stream
        # as soon as uvicorn is told to stop.
        signal.signal(number, lambda *_: server.stop())
    await server.serve([listener])
    logger.info("stopped")


class _Server(uvicorn.Server):
    """Leaves signals to `serve`, and tells the app when it begins to stop, the world when it has begun to serve."""

    def __init__(self, app: HttpApp, listener: socket.socket) -> None:
        super().__init__(_config(app))
        self._app = app
        self._name = listener.getsockname()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none: uvicorn would raise the signal again once it has stopped, and end the process by it."""
        yield

    def stop(self) -> None:
        """Begin to stop; called again, stop at once."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say where."""
        await super().startup(sockets)
        host, port = self._name[:2]
        url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        print(json.dumps({"url": url}), flush=True)  # noqa: T201 - whoever started us may wait for this line

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what is under way."""
        self._app.drain()
        await super().shutdown(sockets)


def _config(app: HttpApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
