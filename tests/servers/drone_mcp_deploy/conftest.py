"""A deployments server behind a real MCP client, before a simulated Drone in which builds were promoted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from drone_mcp_deploy.server import create
from drone_mcp_deployments.settings import DeploySettings
from support.actions_desk import NOW, Desk, Person
from support.simulator import SimulatorHandle, running_simulator

At = Callable[..., Any]


async def deploy(drone: SimulatorHandle, event: str, number: int, target: str, *, seconds: float = 70) -> None:
    """Promote or roll back a build as a person does, and let the runner work."""
    async with drone.client() as person:
        path = f"/api/repos/octo/hello/builds/{number}/{event}"
        (await person.post(path, params={"target": target})).raise_for_status()
    await drone.advance(seconds)


def desks(folder: Path, world: str, *promoted: tuple[int, str]) -> At:
    """Return what opens the server before a Drone of a scenario, in which builds were promoted to targets."""

    @asynccontextmanager
    async def opened(person: Person | None = None, clock: float = NOW, **environment: str) -> AsyncIterator[Desk]:
        async with running_simulator(Path(__file__).parent / world, socket=True) as drone:
            for number, target in promoted:
                await deploy(drone, "promote", number, target)
            drone.world.requests.clear()
            variables = {
                "DRONE_SERVER": drone.url,
                "DRONE_TOKEN": "reader-token",
                "DRONE_WRITE_TOKEN": drone.admin_token,
                "DRONE_MCP_AUDIT_LOG": str(folder / "audit.jsonl"),
                "DRONE_MCP_ACTIONS": "on",
                "DRONE_MCP_ACTION_REPOS": "octo/*",
                "DRONE_MCP_ACTION_TARGETS": "*",
                **environment,
            }
            server = create(DeploySettings.from_environment(variables), lambda: clock)
            async with Client(server, elicitation_callback=person) as client:
                yield Desk(client, drone, folder / "audit.jsonl", [clock])

    return opened


@pytest.fixture
def at(tmp_path: Path) -> At:
    """Open the server: builds 1 and 2 were promoted to staging (as 6 and 8), and 1 to production (as 7)."""
    return desks(tmp_path, "world.yaml", (1, "staging"), (1, "production"), (2, "staging"))
