"""A client of Drone whose clock nobody waits for, and the addresses that its tests use."""

from __future__ import annotations

from typing import Any

from drone_mcp_client.client import DroneClient
from drone_mcp_client.options import DroneOptions
from support.clock import FakeClock

SERVER = "https://drone.example.com"
TOKEN = "t0ken-that-nobody-may-see"


class Clock(FakeClock):
    def client(self, *, gate: Any = None, network: Any = None, **options: Any) -> DroneClient:
        token = {} if "token_file" in options else {"token": TOKEN}
        given = DroneOptions(**{"server": SERVER, **token, **options})
        return DroneClient(given, gate=gate, clock=self.functions(), network=network)
