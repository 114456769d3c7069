"""A logs server behind a real MCP client, before a Drone whose every answer the test gives."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import respx
from mcp import Client

from drone_mcp_build.settings import Settings
from drone_mcp_logs.common.live_log import Pace
from drone_mcp_logs.server import create
from support.log_agent import Agent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

SERVER = "https://drone.example.com"
IMPATIENT = Pace(first=0.05, quiet=0.02, total=0.2)


@pytest.fixture(params=["auto", "legacy"])
def era(request: pytest.FixtureRequest) -> str:
    """Both eras of the protocol: without and with `initialize`."""
    return str(request.param)


@pytest.fixture
def connect() -> Any:
    """Start a server with the given environment and connect to it."""

    @asynccontextmanager
    async def connected(
        mode: Any = "auto", pace: Pace | None = None, clock: Callable[[], float] = time.time, **env: str
    ) -> AsyncIterator[Agent]:
        variables = {"DRONE_SERVER": SERVER, "DRONE_TOKEN": "a-token-of-the-tests", "DRONE_MCP_RETRIES": "0", **env}
        server = create(Settings.from_environment(variables), pace or IMPATIENT, clock)
        async with Client(server, mode=mode) as client:
            yield Agent(client)

    return connected


@pytest.fixture
async def agent(connect: Any) -> AsyncIterator[Agent]:
    """A connected client, with the ordinary settings."""
    async with connect() as agent:
        yield agent


@pytest.fixture
def drone() -> Iterator[respx.MockRouter]:
    """The Drone that is asked; a request that no test expects fails, and so does an answer that none asks for."""
    with respx.mock(base_url=SERVER, assert_all_called=True) as router:
        yield router
