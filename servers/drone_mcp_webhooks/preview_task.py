"""Runs the sweep of previews in the receiver's process, with a guard of its own."""

from __future__ import annotations

import contextlib
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from ci_mcp_kit.background import keep_running, running
from drone_mcp_build.access import DroneAccess
from drone_mcp_build.guard.opening import make_guard
from drone_mcp_deployments.preview_ends import PreviewEnds
from drone_mcp_state import StoreUnavailable
from drone_mcp_webhooks.preview_lifecycle import PreviewSweep

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from ci_mcp_http.call import Call
    from drone_mcp_deployments.settings import DeploySettings
    from drone_mcp_state import BuildStateStore
    from drone_mcp_webhooks.drone_request_budget import RequestLimit
    from drone_mcp_webhooks.receiver import Receiver
    from drone_mcp_webhooks.settings import ReceiverSettings


@asynccontextmanager
async def sweeping(
    settings: ReceiverSettings,
    deploys: DeploySettings,
    store: BuildStateStore,
    receiver: Receiver,
    limit: RequestLimit,
    holder: str,
) -> AsyncGenerator[None]:
    """Open and stop previews during the block; `holder` names this process."""
    access = _LimitedAccess(deploys, limit)
    guard, actor = make_guard(deploys, access, {}, time.time)
    sweep = PreviewSweep(
        store=store,
        access=access,
        actor=actor,
        rules=deploys.rules,
        ends=PreviewEnds(guard.kept, deploys.rules.previews.seconds),
        branches=settings.preview_branches,
        holder=holder,
        period=settings.period,
        metrics=receiver.metrics,
        bind=receiver.bind,
    )
    fault = receiver.metrics.faults.labels("previews").inc
    try:
        async with running(keep_running, "The sweep of previews", sweep.run, fault):
            yield
    finally:
        with contextlib.suppress(StoreUnavailable):
            await sweep.release_lease()
        await access.close()


class _LimitedAccess(DroneAccess):
    """Reads from Drone within the same limit as the reconciler."""

    def __init__(self, settings: DeploySettings, limit: RequestLimit) -> None:
        super().__init__(settings)
        self._limit = limit

    @override
    def gate(self, call: Call[Any]) -> None:
        super().gate(call)
        self._limit.admit(call)
