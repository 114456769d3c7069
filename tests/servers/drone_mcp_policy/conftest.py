"""A policy server behind a real MCP client, before a Drone whose every answer the test gives."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from mcp import Client

from drone_mcp_policy.server import create
from drone_mcp_policy.settings import PolicySettings
from support.agent import ENVIRONMENT, PolicyAgent
from support.made_builds import T0

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


@pytest.fixture
def connect() -> Callable[..., Any]:
    """Start a server with the given environment and connect to it."""

    @asynccontextmanager
    async def connected(
        mode: Any = "auto", clock: Callable[[], float] | None = None, **env: str
    ) -> AsyncIterator[PolicyAgent]:
        server = create(PolicySettings.from_environment(ENVIRONMENT | env), clock or (lambda: T0 + 300.0))
        async with Client(server, mode=mode) as client:
            yield PolicyAgent(client)

    return connected
