"""The process: opens the store, serves, and leaves in order."""

from __future__ import annotations

import json
import logging
import signal
import socket
from typing import TYPE_CHECKING

import uvicorn

from drone_mcp_state import open_store
from drone_mcp_webhooks.receiver import Receiver

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from drone_mcp_webhooks.settings import ReceiverSettings

logger = logging.getLogger(__name__)

DRAIN_SECONDS = 10  # deliveries under way get this long after SIGTERM
BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """Take the address; raises OSError if another has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    # asyncio turns Nagle's algorithm off only for sockets that name their protocol; with it every answer waits 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


async def serve(settings: ReceiverSettings, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT, then answer what is under way and close the store."""
    # uvicorn raises the signal again once it has stopped; without this the process would end as if killed.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    async with open_store(settings.state) as store:
        receiver = Receiver(store, settings.keys, settings.max_age)
        await _Server(receiver, listener).serve([listener])
    logger.info("stopped")


class _Server(uvicorn.Server):
    """Tells the receiver when it begins to stop, and the world when it has begun to serve."""

    def __init__(self, receiver: Receiver, listener: socket.socket) -> None:
        super().__init__(_config(receiver.app()))
        self._receiver = receiver
        self._address = listener.getsockname()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host, port = self._address[:2]
        url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        print(json.dumps({"url": url}), flush=True)  # noqa: T201 - whoever started us may wait for this line

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._receiver.draining = True
        await super().shutdown(sockets)


def _config(app: Starlette) -> uvicorn.Config:
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
