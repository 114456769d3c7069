"""An observation server behind a real MCP client, before a simulated Drone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from drone_mcp_observe.server import create
from drone_mcp_observe.settings import ObserveSettings
from support import monitoring
from support.agent import Agent
from support.simulator import SimulatorHandle, running_simulator

Watch = Callable[..., Any]

NOW = 1_795_255_000.0
"""Whole seconds of the time at which the simulated Drone stands still; monitoring services hold data before it."""


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


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus with an hour of metrics: the service shop has had errors for 20 minutes, blog a few all the time."""
    rows = ["# TYPE http_errors gauge"]
    for minute in range(60, -1, -1):
        shop, at = 5 + minute % 2 if minute <= 20 else 0, f"{NOW - 60 * minute:.0f}"
        rows.append(f'http_errors{{service="shop",code="500",env="production"}} {shop} {at}')
        rows.append(f'http_errors{{service="blog",code="500",env="production"}} 1 {at}')
    rows.append("# TYPE pods gauge")
    rows += [f'pods{{pod="pod-{number}",name="{"x" * 300}"}} {number} {NOW:.0f}' for number in range(300)]
    with monitoring.running_prometheus(tmp_path_factory.mktemp("prometheus"), "\n".join([*rows, "# EOF\n"])) as address:
        yield address


@pytest.fixture(scope="session")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An Alertmanager without alerts: tests let theirs fire with a label of their own."""
    with monitoring.running_alertmanager(tmp_path_factory.mktemp("alertmanager")) as address:
        yield address


@pytest.fixture(scope="session")
def victorialogs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A VictoriaLogs without lines: tests write theirs with an `app` of their own."""
    with monitoring.running_victorialogs(tmp_path_factory.mktemp("victorialogs")) as address:
        yield address


@pytest.fixture(scope="session")
def jaeger() -> Iterator[tuple[str, str]]:
    """A Jaeger without traces: the addresses of its query service and of its collector."""
    with monitoring.running_jaeger() as addresses:
        yield addresses
