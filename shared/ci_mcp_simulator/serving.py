"""Serves an application on a socket, for the command line and for tests that need one.

This module uses asyncio instead of anyio: faults abort the asyncio transports of uvicorn, and anyio's
`open_signal_receiver` does not work on Windows.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

import anyio
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from ci_mcp_simulator.faults import TRANSPORT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from starlette.types import ASGIApp, Receive, Scope, Send

# Seconds for open requests to finish when the server stops.
GRACE = 0.1


class AbortableProtocol(H11Protocol):
    """HTTP/1.1 that gives the app access to the connection, so that a fault can abort it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Add the transport to the scope of every request."""
        super().connection_made(transport)
        inner = self.app

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[TRANSPORT] = transport
            # Without this, uvicorn prints a traceback for each request that `abort_connections` cancels.
            with suppress(asyncio.CancelledError):
                await inner(scope, receive, send)

        self.app = cast("Any", with_transport)


class Server(uvicorn.Server):
    """A server without signal handlers: uvicorn's would end the process by the signal, not with exit code 0."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no handlers."""
        yield

    def abort_connections(self) -> None:
        """Abort the connections that are still open."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for task in list(self.server_state.tasks):
            task.cancel()


def open_stop_event(*numbers: int) -> anyio.Event:
    """Return an event that is set when one of these signals arrives."""
    event = anyio.Event()
    loop = asyncio.get_running_loop()
    for number in numbers:
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(event.set))
    return event


@asynccontextmanager
async def serving(
    make_app: Callable[[str], ASGIApp],
    host: str = "127.0.0.1",
    port: int = 0,
    at_end: Callable[[], None] = lambda: None,
    *,
    date_header: bool = True,
) -> AsyncIterator[str]:
    """Serve an application during the block; yield its URL.

    Args:
        make_app: returns the application that is reached at an authority like "127.0.0.1:8080".
        host: an IP address.
        port: 0 selects a free one.
        at_end: called when the server stops, to end open streams.
        date_header: whether responses get the machine's time; not for an application that has a time of its own.
    """
    listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    # asyncio disables Nagle's algorithm, which delays responses by 40 ms, only for a socket with an explicit protocol.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    bound = listener.getsockname()[1]
    authority = f"[{host}]:{bound}" if ":" in host else f"{host}:{bound}"
    config = uvicorn.Config(
        make_app(authority),
        http=AbortableProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        date_header=date_header,
        server_header=False,
        proxy_headers=False,
    )
    server = Server(config)
    task = asyncio.create_task(server.serve([listener]))
    try:
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await anyio.sleep(0.005)
        yield f"http://{authority}"
    finally:
        at_end()
        server.should_exit = True
        await asyncio.wait((task,), timeout=GRACE)
        server.abort_connections()
        await task
