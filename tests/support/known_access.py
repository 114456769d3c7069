"""Access to the builds of a simulated Drone, as a process with some environment has it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from drone_mcp_build.settings import Settings
from drone_mcp_known.client_and_store import KnownAccess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.simulator import SimulatorHandle


@asynccontextmanager
async def known_access(drone: SimulatorHandle, **env: str) -> AsyncIterator[KnownAccess]:
    """Open access by the simulator's clock, and close it."""
    variables = {"DRONE_SERVER": drone.url, "DRONE_MCP_RETRIES": "0", **env}
    access = KnownAccess(Settings.from_environment(variables), drone.world.now)
    try:
        yield access
    finally:
        await access.close()
