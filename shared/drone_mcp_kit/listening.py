"""An HTTP service as a process: takes its address, says when it is ready, and leaves in order."""

from __future__ import annotations

import contextlib
import json
import logging
import signal
import socket
from typing import TYPE_CHECKING

import uvicorn

from drone_mcp_kit.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp

    from drone_mcp_kit.http_settings import Address

logger = logging.getLogger(__name__)

DRAIN_SECONDS = 10  # requests under way get this long after SIGTERM
BACKLOG = 2048


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


async def serve(app: ASGIApp, listener: socket.socket, drain: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT, then answer what is under way; a second signal ends that, too.

    Prints `{"url": ...}` once requests are answered; calls `drain` when no more connections are taken.
    """
    server = _Server(app, listener, drain)
    for number in (signal.SIGTERM, signal.SIGINT):
        # No bound method: the library that streams events looks for uvicorn behind the handler, and cuts every stream
        # as soon as uvicorn is told to stop.
        signal.signal(number, lambda *_: server.stop())
    await server.serve([listener])
    logger.info("stopped")


class _Server(uvicorn.Server):
    """Leaves signals to `serve`, and tells when it begins to stop, and when it has begun to serve."""

    def __init__(self, app: ASGIApp, listener: socket.socket, drain: Callable[[], None]) -> None:
        super().__init__(_config(app))
        self._name = listener.getsockname()
        self._drain = drain

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
        self._drain()
        await super().shutdown(sockets)


def _config(app: ASGIApp) -> uvicorn.Config:
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
