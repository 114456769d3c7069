"""Access to the builds of a simulated Drone, through a store of their own."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from support.known_access import known_access
from support.simulator import running_simulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from drone_mcp_known.client_and_store import KnownAccess
    from support.simulator import SimulatorHandle


@pytest.fixture
def state(tmp_path: Path) -> str:
    """The address of a store that processes share."""
    return f"sqlite://{tmp_path}/state.db"


@pytest.fixture
def simulated() -> Any:
    """Start the scenario `demo`, and give it together with access as one of its users."""

    @asynccontextmanager
    async def start(login: str = "admin", **env: str) -> AsyncIterator[tuple[SimulatorHandle, KnownAccess]]:
        async with (
            running_simulator("demo", socket=True) as drone,
            known_access(drone, **{"DRONE_TOKEN": drone.token(login), **env}) as access,
        ):
            drone.forget()
            yield drone, access

    return start
