"""A world on a real socket, for the command line and for tests that need one.

Here asyncio is used instead of anyio: uvicorn hands out asyncio's connections, which faults break, and a signal handler
can wake the event loop only by itself (`open_signal_receiver` of anyio is not for Windows).
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

from drone_mcp_simulator.app import create_app
from drone_mcp_simulator.faults import TRANSPORT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from starlette.types import Receive, Scope, Send

    from drone_mcp_simulator.world import World

# Seconds that open requests get to end by themselves when the server stops.
GRACE = 0.1


class DroneProtocol(H11Protocol):
    """HTTP/1.1 whose app can reach the connection, so that a fault can break it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Hand the connection to every request's scope."""
        super().connection_made(transport)
        inner = self.app

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[TRANSPORT] = transport
            # A request cancelled by `break_off` has nobody left to tell; uvicorn would print a traceback.
            with suppress(asyncio.CancelledError):
                await inner(scope, receive, send)

        self.app = cast("Any", with_transport)


class Server(uvicorn.Server):
    """Leaves signals to whoever runs it: uvicorn would end the process by the signal, not with exit code 0."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    def break_off(self) -> None:
        """Cut the connections that are still open."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for task in list(self.server_state.tasks):
            task.cancel()


def event_of_signals(*numbers: int) -> anyio.Event:
    """Return an event that is set when one of these signals comes."""
    event = anyio.Event()
    loop = asyncio.get_running_loop()
    for number in numbers:
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(event.set))
    return event


@asynccontextmanager
async def serving(world: World, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve `world` while the block lasts; yields the address. Port 0 takes a free one."""
    listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    # asyncio turns Nagle's algorithm off only for sockets that name their protocol; with it every answer waits 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    address = listener.getsockname()
    world.place.host = f"[{host}]:{address[1]}" if ":" in host else f"{host}:{address[1]}"
    config = uvicorn.Config(
        create_app(world),
        http=DroneProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    server = Server(config)
    task = asyncio.create_task(server.serve([listener]))
    try:
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await anyio.sleep(0.005)
        yield world.place.link
    finally:
        world.hub.close()
        server.should_exit = True
        await asyncio.wait((task,), timeout=GRACE)
        server.break_off()
        await task
