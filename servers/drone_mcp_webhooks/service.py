"""The process: opens the store, serves, and leaves in order."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import secrets
import signal
import socket
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import uvicorn

from drone_mcp_client.client import DroneClient
from drone_mcp_state import StoreUnavailable, open_store
from drone_mcp_webhooks.budget import Budget
from drone_mcp_webhooks.receiver import Receiver
from drone_mcp_webhooks.reconciler import Reconciler
from drone_mcp_webhooks.retention import Retention

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine

    from starlette.applications import Starlette

    from drone_mcp_state import BuildStateStore
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
        retention = Retention(store, settings.keep, receiver.metrics)
        async with _beside(retention.run()), _reconciling(settings, store, receiver):
            await _Server(receiver, listener).serve([listener])
    logger.info("stopped")


@asynccontextmanager
async def _reconciling(settings: ReceiverSettings, store: BuildStateStore, receiver: Receiver) -> AsyncGenerator[None]:
    """Compare the state with Drone beside the service, if it is known where Drone is."""
    if settings.drone is None:
        yield
        return
    budget = Budget(settings.requests_per_minute, time.time)
    # A failed request is repeated by the next round, not by the client.
    async with DroneClient(replace(settings.drone, retries=0), gate=budget.gate) as drone:
        reconciler = Reconciler(store, drone, _holder(), settings.pace, receiver.metrics)
        receiver.on_loss = reconciler.hurry
        try:
            async with _beside(reconciler.run()):
                yield
        finally:
            with contextlib.suppress(StoreUnavailable):
                await reconciler.stop()


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    """Keep something running for as long as the block takes."""
    task = asyncio.create_task(work)
    task.add_done_callback(_tell_of_death)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def _tell_of_death(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        logger.critical("A part has ended by a fault; deliveries are still received", exc_info=error)


def _holder() -> str:
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


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
