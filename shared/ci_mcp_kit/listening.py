"""An HTTP service as a process: takes its address, says when it is ready, and leaves in order."""

from __future__ import annotations

import contextlib
import json
import logging
import signal
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn

from ci_mcp_kit.background import BackgroundTask
from ci_mcp_kit.variables import SettingsError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from starlette.types import ASGIApp

    from ci_mcp_kit.http_settings import Address

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


@dataclass(frozen=True)
class Metrics:
    """What else a process tells, at an address of its own."""

    app: ASGIApp
    listener: socket.socket
    path: str


async def serve(
    app: ASGIApp, listener: socket.socket, drain: Callable[[], None], metrics: Metrics | None = None
) -> None:
    """Serve until SIGTERM or SIGINT, then answer what is under way; a second signal ends that, too.

    Prints `{"url": ...}` once requests are answered; calls `drain` when no more connections are taken. `metrics` are
    told until the end.
    """
    told = {"url": url_of(listener)}
    if metrics is not None:
        told["metrics"] = url_of(metrics.listener) + metrics.path
    server = _Server(app, told, drain)
    for number in (signal.SIGTERM, signal.SIGINT):
        # No bound method: the library that streams events looks for uvicorn behind the handler, and cuts every stream
        # as soon as uvicorn is told to stop.
        signal.signal(number, lambda *_: server.stop())
    async with _beside(metrics):
        await server.serve([listener])
    logger.info("stopped")


def url_of(listener: socket.socket) -> str:
    """Return the address of what listens."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextlib.asynccontextmanager
async def _beside(metrics: Metrics | None) -> AsyncIterator[None]:
    """Tell metrics for as long as the block takes."""
    if metrics is None:
        yield
        return
    server = _Quiet(_config(metrics.app))
    task = BackgroundTask(server.serve, [metrics.listener])
    try:
        yield
    finally:
        server.should_exit = server.force_exit = True
        await task.wait()


class _Quiet(uvicorn.Server):
    """Leaves signals to `serve`."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none: uvicorn would raise the signal again once it has stopped, and end the process by it."""
        yield


class _Server(_Quiet):
    """Tells when it begins to stop, and when it has begun to serve."""

    def __init__(self, app: ASGIApp, told: dict[str, str], drain: Callable[[], None]) -> None:
        super().__init__(_config(app))
        self._told = told
        self._drain = drain

    def stop(self) -> None:
        """Begin to stop; called again, stop at once."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say where."""
        await super().startup(sockets)
        print(json.dumps(self._told), flush=True)  # noqa: T201 - whoever started us may wait for this line

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
