"""A client whose clock nobody waits for, and the addresses that its tests use."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from drone_mcp_client.client import ClientOptions, DroneClient
from drone_mcp_client.transport import World

SERVER = "https://drone.example.com"
TOKEN = "t0ken-that-nobody-may-see"


@dataclass
class Clock:
    """Sleeps at once, and remembers for how long."""

    now: float = 1000.0
    pauses: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def world(self) -> World:
        # Chance is always a half: the pauses are 0.25, 0.5, 1 … seconds.
        return World(sleep=self.sleep, clock=lambda: self.now, today=lambda: self.now, chance=lambda: 0.5)

    def client(self, *, gate: Any = None, network: Any = None, **options: Any) -> DroneClient:
        token = {} if "token_file" in options else {"token": TOKEN}
        given = ClientOptions(**{"server": SERVER, **token, **options})
        return DroneClient(given, gate=gate, world=self.world(), network=network)
