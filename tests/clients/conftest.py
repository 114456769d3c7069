"""A Drone, and the network that clients get: this machine alone."""

from __future__ import annotations

import json
import socket
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from support.patience import PATIENCE
from support.real_clients import CLIENTS
from support.warm import warm_python

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.real_clients import RealClient

SOMEWHERE = ("192.0.2.1", 9)  # an address for documentation (RFC 5737)


@dataclass(frozen=True)
class Drone:
    """The simulator, as a process of its own."""

    url: str
    tokens: dict[str, str]

    @property
    def variables(self) -> dict[str, str]:
        """What a user sets to use it."""
        return {"DRONE_SERVER": self.url, "DRONE_TOKEN": self.tokens["dev"]}

    def get(self, path: str) -> Any:
        """Read from it, as the administrator."""
        headers = {"authorization": f"Bearer {self.tokens['admin']}"}
        return httpx.get(self.url + path, headers=headers, trust_env=False, timeout=PATIENCE).raise_for_status().json()

    def writes(self) -> list[str]:
        """Return the requests so far that could change anything."""
        asked = self.get("/_simulator/requests")
        return [f"{each['method']} {each['path']}" for each in asked if each["method"] not in {"GET", "HEAD"}]


@pytest.fixture(scope="session", autouse=True)
def _offline() -> None:
    """Clients report to their makers, so they are started only where no address but this machine's has a route."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(SOMEWHERE)  # looks for a route; nothing is sent
        except OSError:
            return
    pytest.fail("run scripts/check-clients: it gives the clients a network of loopback alone")


@pytest.fixture(scope="session")
def drone() -> Iterator[Drone]:
    command = [*warm_python(), "-m", "drone_mcp_simulator", "serve", "--listen", "127.0.0.1:0", "--scenario", "demo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as simulator:
        assert simulator.stdout
        ready = json.loads(simulator.stdout.readline())
        yield Drone(ready["url"], ready["tokens"])
        simulator.terminate()


@pytest.fixture(scope="module", params=CLIENTS, ids=lambda client: client.name)
def client(request: pytest.FixtureRequest) -> RealClient:
    chosen: RealClient = request.param
    return chosen
