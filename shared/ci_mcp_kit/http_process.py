"""Runs an HTTP service as a process: binds its address, reports when it is ready, and shuts down in order."""

from __future__ import annotations

import contextlib
import json
import logging
import signal
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
import uvicorn

from ci_mcp_kit.background import BackgroundTask
from ci_mcp_kit.http_limits import LimitedProtocol
from ci_mcp_kit.log_flood import RepeatLimit
from ci_mcp_kit.variables import SettingsError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from starlette.types import ASGIApp

    from ci_mcp_kit.http_settings import Address

logger = logging.getLogger(__name__)

DRAIN_SECONDS = 10  # after SIGTERM, for requests that are being handled
BACKLOG = 2048  # connections that wait to be accepted; uvicorn's default
TICKS_PER_SECOND = 10  # of `uvicorn.Server.on_tick`
FILES = 2**16  # that a process may have open: connections are limited by `http_limits`, below this


def listen(address: Address) -> socket.socket:
    """Bind an address.

    Raises:
        SettingsError: it cannot be bound.
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
class SideService:
    """Something else that a process serves at an address of its own, like metrics.

    Attributes:
        name: of its URL in the line that the process prints.
    """

    name: str
    app: ASGIApp
    listener: socket.socket
    path: str


async def serve(
    app: ASGIApp, listener: socket.socket, drain: Callable[[], None], side_services: Sequence[SideService] = ()
) -> None:
    """Serve until SIGTERM or SIGINT, then finish the requests that are being handled; a second signal cancels those.

    Prints `{"url": ...}` once it accepts requests; calls `drain` when it accepts no more connections. The side services
    are served until the end.
    """
    urls = {"url": url_of(listener)}
    urls |= {service.name: url_of(service.listener) + service.path for service in side_services}
    server = _Server(app, urls, drain)
    _allow_many_files()
    logging.getLogger("uvicorn.error").addFilter(RepeatLimit())  # it reports each request that is no HTTP
    for number in (signal.SIGTERM, signal.SIGINT):
        # No bound method: sse-starlette takes the `__self__` of the handler for uvicorn's server, and ends every stream
        # as soon as that is to stop (sse_starlette/sse.py, `_get_uvicorn_server`).
        signal.signal(number, lambda *_: server.stop())
    async with contextlib.AsyncExitStack() as stack:
        for service in side_services:
            # At once: a request for metrics or a page that is under way is not worth waiting for.
            await stack.enter_async_context(served(service.app, service.listener, at_once=True))
        await server.serve([listener])
    logger.info("stopped")


def _allow_many_files() -> None:
    """Raise the limit of open files, which is often 1,024: a burst of connections would use them all up at once."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # there is none on Windows; a limit may be fixed
        import resource  # noqa: PLC0415 - see above

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
        if soft != resource.RLIM_INFINITY and soft < most:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def url_of(listener: socket.socket) -> str:
    """Return the URL of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextlib.asynccontextmanager
async def served(app: ASGIApp, listener: socket.socket, *, at_once: bool = False) -> AsyncIterator[None]:
    """Serve an app next to other work, for as long as the block takes.

    Args:
        app: the app.
        listener: a bound socket, which is closed at the end.
        at_once: whether requests that are being handled at the end are cut off.
    """
    server = _SignalFree(_config(app))
    task = BackgroundTask(server.serve, [listener])
    try:
        yield
    finally:
        server.should_exit, server.force_exit = True, at_once
        await task.wait()


class _SignalFree(uvicorn.Server):
    """A server that leaves signals to `serve`."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none: uvicorn raises the signal again once it has stopped, which would end the process by it."""
        yield

    async def on_tick(self, counter: int) -> bool:
        """Close connections that are too slow."""
        if counter % TICKS_PER_SECOND == 0:
            now = anyio.current_time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, LimitedProtocol):  # all are: see `_config`
                    connection.check_time(now)
        return await super().on_tick(counter)


class _Server(_SignalFree):
    """A server that reports when it has started and when it begins to stop."""

    def __init__(self, app: ASGIApp, urls: dict[str, str], drain: Callable[[], None]) -> None:
        super().__init__(_config(app))
        self._urls = urls
        self._drain = drain

    def stop(self) -> None:
        """Begin to stop; a second call stops at once."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and print the URLs."""
        await super().startup(sockets)
        print(json.dumps(self._urls), flush=True)  # noqa: T201 - the program that started this one may wait for it

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish the requests that are being handled."""
        # First, because streams that never end would take up the whole time that uvicorn gives open requests.
        self._drain()
        await super().shutdown(sockets)


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=LimitedProtocol,
        # `ci_mcp_kit.logs` writes the logs, with facts that uvicorn does not know.
        access_log=False,
        log_config=None,
        server_header=False,
        # Anyone can send X-Forwarded-For, and nothing here uses the address of a caller.
        proxy_headers=False,
        # `http_app.hosted` runs the lifespan of each server.
        lifespan="off",
        ws="none",
        # Then uvicorn cancels what is left.
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
