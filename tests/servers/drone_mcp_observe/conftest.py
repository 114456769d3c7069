"""An observation server behind a real MCP client, before a simulated Drone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from drone_mcp_observe.server import create
from drone_mcp_observe.settings import ObserveSettings
from support.agent import Agent
from support.simulator import SimulatorHandle, running_simulator

Watch = Callable[..., Any]


@dataclass
class Lookout(Agent):
    """A client of the observation server, and the Drone that it asks."""

    client: Client
    drone: SimulatorHandle

    async def push(self, branch: str, seconds: float = 0, repo: str = "octo/hello") -> None:
        """Start a build of a branch as a person does, and let time pass."""
        async with self.drone.client() as person:
            (await person.post(f"/api/repos/{repo}/builds", params={"branch": branch})).raise_for_status()
        await self.drone.advance(seconds)


@pytest.fixture
def watch() -> Watch:
    """Start Drone and the server as a user of it, with a clock that is Drone's."""

    @asynccontextmanager
    async def watching(
        login: str = "admin", scenario: str | Path = Path(__file__).parent / "world.yaml", **environment: str
    ) -> AsyncIterator[Lookout]:
        async with running_simulator(scenario, socket=True) as drone:
            variables = {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.token(login), **environment}
            server = create(ObserveSettings.from_environment(variables), drone.world.now)
            async with Client(server) as client:
                drone.forget()
                yield Lookout(client, drone)

    return watching
