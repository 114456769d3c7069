"""A client of a forge whose clock nobody waits for, and the addresses that its tests use."""

from __future__ import annotations

from typing import Any

from forge_client.gitea.client import GiteaForge
from forge_client.options import ForgeOptions
from support.clock import FakeClock

SERVER = "https://forge.example.com"
TOKEN = "t0ken-that-nobody-may-see"
API = "/api/v1"
HELLO = f"{API}/repos/octo/hello"


class Clock(FakeClock):
    def client(self, *, gate: Any = None, network: Any = None, **options: Any) -> GiteaForge:
        token = {} if "token_file" in options else {"token": TOKEN}
        given = ForgeOptions(**{"server": SERVER, **token, **options})
        return GiteaForge(given, gate=gate, clock=self.functions(), network=network)
