"""A logs server behind a real MCP client, before a Drone whose every answer the test gives."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from mcp import Client

from drone_mcp_build.settings import Settings
from drone_mcp_diagnosis.live_log import Pace
from drone_mcp_logs.server import create
from support.agent import ENVIRONMENT, LogAgent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

IMPATIENT = Pace(first=0.05, quiet=0.02, total=0.2)


@pytest.fixture
def connect() -> Callable[..., Any]:
    """Start a server with the given environment and connect to it."""

    @asynccontextmanager
    async def connected(
        mode: Any = "auto", pace: Pace | None = None, clock: Callable[[], float] = time.time, **env: str
    ) -> AsyncIterator[LogAgent]:
        server = create(Settings.from_environment(ENVIRONMENT | env), pace or IMPATIENT, clock)
        async with Client(server, mode=mode) as client:
            yield LogAgent(client)

    return connected
