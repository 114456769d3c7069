"""The receiver's process: opens the store, runs all parts and shuts down cleanly."""

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

from ci_mcp_kit import http_process
from ci_mcp_kit.background import keep_running, running
from ci_mcp_kit.log_flood import RepeatLimit
from drone_mcp_client.client import DroneClient
from drone_mcp_state import StoreUnavailable, open_store
from drone_mcp_webhooks.drone_request_budget import RequestLimit
from drone_mcp_webhooks.receiver import Receiver
from drone_mcp_webhooks.reconciler import Reconciler
from drone_mcp_webhooks.retention import Retention
from drone_mcp_webhooks.status import serving_status

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from drone_mcp_state import BuildStateStore
    from drone_mcp_webhooks.settings import ReceiverSettings
    from drone_mcp_webhooks.status import StatusPage

logger = logging.getLogger(__name__)


async def serve(settings: ReceiverSettings, listener: socket.socket, page: StatusPage | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then finish open requests and close the store."""
    # Each request that is refused is logged with its reason, and anybody can send one.
    logging.getLogger(Receiver.__module__).addFilter(RepeatLimit())
    # The store is opened first and closed last: retention, reconciler and open requests write to it until they end.
    async with open_store(settings.state) as store:
        server = settings.drone.server if settings.drone else ""
        receiver = Receiver(store, settings.keys, settings.max_age, server=server)
        # A Redis that is not there yet is asked again with the first delivery.
        with contextlib.suppress(StoreUnavailable):
            await receiver.bind()
        retention = Retention(store, settings.retention, receiver.metrics)
        fault = receiver.metrics.faults.labels("retention").inc
        limit = RequestLimit(settings.requests_per_minute, time.time)
        async with (
            running(keep_running, "Retention", retention.run, fault),
            _reconciling(settings, store, receiver, limit),
            _sweeping(settings, store, receiver, limit),
            serving_status(page, settings, receiver) as side_services,
        ):
            # A full collection delays deliveries by 30 ms: the objects loaded so far are excluded, and Python (3.11 has
            # 700, 10 and 10) collects less often. Reference counts free what a delivery leaves.
            gc.freeze()
            gc.set_threshold(10_000, 20, 20)
            await http_process.serve(receiver.app(), listener, receiver.drain, side_services)


@asynccontextmanager
async def _reconciling(
    settings: ReceiverSettings, store: BuildStateStore, receiver: Receiver, limit: RequestLimit
) -> AsyncGenerator[None]:
    """Run a reconciler during the block if Drone's address and token are set."""
    if settings.drone is None:
        yield
        return
    # No retries: the next round repeats a failed request.
    async with DroneClient(replace(settings.drone, retries=0), gate=limit.admit) as drone:
        reconciler = Reconciler(store, drone, _holder(), settings.period, receiver.metrics, bind=receiver.bind)
        receiver.on_lost_delivery = reconciler.compare_now
        try:
            async with running(keep_running, "The comparison with Drone", reconciler.run, reconciler.note_fault):
                yield
        finally:
            # Otherwise the lease expires by itself.
            with contextlib.suppress(StoreUnavailable):
                await reconciler.release_lease()


@asynccontextmanager
async def _sweeping(
    settings: ReceiverSettings, store: BuildStateStore, receiver: Receiver, limit: RequestLimit
) -> AsyncGenerator[None]:
    """Open and stop previews during the block if the settings allow changes."""
    if settings.previews is None:
        yield
        return
    # The guard brings the SDK: 25 MiB, and half a second of the start.
    from drone_mcp_webhooks.preview_task import sweeping  # noqa: PLC0415 - see above

    async with sweeping(settings, settings.previews, store, receiver, limit, _holder()):
        yield


def _holder() -> str:
    # The random part because containers often share host names and all have process id 1.
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
