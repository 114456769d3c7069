"""Reports while Drone starts a build, which takes it 45 seconds where the commit has no pipeline file."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import anyio

from ci_mcp_kit.background import running
from drone_mcp_client.call_builders import TRIGGER_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Pause = Callable[[float], Awaitable[None]]
    Report = Callable[[float, float, str], Awaitable[None]]

REPORT_SECONDS: Final = 5.0  # between two reports
# harness/drone v2.25.0, service/content/content.go, findRetry.
_REASON: Final = (
    "Drone has not answered yet. It asks its source host for the pipeline file three times, 15 seconds apart, so the "
    "file may be missing at this commit"
)


@asynccontextmanager
async def reporting(report: Report, pause: Pause = anyio.sleep) -> AsyncIterator[None]:
    """Report progress at intervals while the block runs, so that clients extend their time limit."""

    async def report_progress() -> None:
        waited = 0.0
        while True:
            await pause(REPORT_SECONDS)
            waited += REPORT_SECONDS
            await report(waited, max(TRIGGER_TIMEOUT, waited), _REASON)

    async with running(report_progress):
        yield
