"""A builds server behind a real MCP client, before a Drone whose every answer the test gives."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from mcp import Client

from drone_mcp_build.settings import Settings
from drone_mcp_builds.server import create
from support.agent import ENVIRONMENT, Agent
from support.made_builds import T0

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


@pytest.fixture
def connect() -> Callable[..., Any]:
    """Start a server with the given environment and connect to it."""

    @asynccontextmanager
    async def connected(
        mode: Any = "auto",
        clock: Callable[[], float] | None = None,
        pause: Any = asyncio.sleep,
        heard: Any = None,
        **env: str,
    ) -> AsyncIterator[Agent]:
        server = create(Settings.from_environment(ENVIRONMENT | env), clock or (lambda: T0 + 300.0), pause)
        async with Client(server, mode=mode, message_handler=heard) as client:
            yield Agent(client)

    return connected
