"""The process: opens the store, serves, and leaves in order."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import secrets
import socket
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from ci_mcp_kit import listening
from ci_mcp_kit.background import running
from drone_mcp_client.client import DroneClient
from drone_mcp_state import StoreUnavailable, open_store
from drone_mcp_webhooks.budget import Budget
from drone_mcp_webhooks.receiver import Receiver
from drone_mcp_webhooks.reconciler import Reconciler
from drone_mcp_webhooks.retention import Retention

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from drone_mcp_state import BuildStateStore
    from drone_mcp_webhooks.settings import ReceiverSettings

logger = logging.getLogger(__name__)


async def serve(settings: ReceiverSettings, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT, then answer what is under way and close the store."""
    async with open_store(settings.state) as store:
        receiver = Receiver(store, settings.keys, settings.max_age)
        retention = Retention(store, settings.keep, receiver.metrics)
        async with running(retention.run, on_fault=_log_death), _reconciling(settings, store, receiver):
            _collect_seldom()
            await listening.serve(receiver.app(), listener, receiver.drain)


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
            async with running(reconciler.run, on_fault=_log_death):
                yield
        finally:
            with contextlib.suppress(StoreUnavailable):
                await reconciler.stop()


def _log_death(error: BaseException) -> None:
    logger.critical("A part has ended by a fault; deliveries are still received", exc_info=error)


def _collect_seldom() -> None:
    """Leave alone what is loaded by now, walking through which holds deliveries up for 30 ms, and look less often."""
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _holder() -> str:
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
