"""A code server behind a real MCP client, before the simulated Drone and its forge."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from mcp import Client

from forge_access.settings import ForgeSettings
from forge_code.server import create
from support.agent import Agent, Answer
from support.simulator import SimulatorHandle, running_simulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

TOKEN = "forge-token-of-the-bot"


@dataclass
class Desk:
    """An agent and the simulator that its server asks."""

    agent: Agent
    drone: SimulatorHandle

    async def call(self, tool: str, **arguments: Any) -> Answer:
        self.drone.forget()
        return await self.agent.call(tool, **arguments)

    @property
    def asked(self) -> list[str]:
        """The requests of the last call, without the one that checks Drone's token."""
        return [f"{request.method} {request.path}" for request in self.drone.asked]


@pytest.fixture
def desk() -> Callable[..., Any]:
    @asynccontextmanager
    async def opened(**env: str) -> AsyncIterator[Desk]:
        async with running_simulator("forge", socket=True) as drone:
            given = {
                "DRONE_SERVER": drone.url,
                "DRONE_TOKEN": drone.token("dev"),
                "FORGE_SERVER": f"{drone.url}/forge",
                "FORGE_TOKEN": TOKEN,
                "DRONE_REPO": "octo/hello",
            }
            server = create(ForgeSettings.from_environment(given | env), drone.world.now)
            async with Client(server) as client:
                await client.list_tools()  # as every client does; the forge is asked for the scopes of the token then
                yield Desk(Agent(client), drone)

    return opened
