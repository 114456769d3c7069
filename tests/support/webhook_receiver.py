"""The receiver as a process of its own, as it is deployed."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Self

import httpx

from support.patience import PATIENCE
from support.warm import warm_python


class ReceiverProcess:
    """`drone-mcp-webhooks serve` on a free port; gone when the block ends."""

    def __init__(self, environment: dict[str, str], *options: str) -> None:
        command = [*warm_python(), "-m", "drone_mcp_webhooks", "serve", "--listen", "127.0.0.1:0", *options]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DRONE_")}
        self._process = subprocess.Popen(
            command, env=kept | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def __enter__(self) -> Self:
        assert self._process.stdout is not None
        ready = self._process.stdout.readline()
        if not ready:
            _, said = self._process.communicate()
            raise AssertionError(f"the receiver did not start: {said.decode()}")
        self.urls: dict[str, str] = json.loads(ready)
        self.url = self.urls["url"]
        return self

    def client(self) -> httpx.AsyncClient:
        """Return a client for the receiver's address."""
        return httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=PATIENCE)

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        """End it as a crash would (SIGKILL)."""
        self._process.kill()
        self._process.communicate()

    def terminate(self) -> None:
        """Ask it to stop (SIGTERM)."""
        self._process.terminate()

    def end(self) -> tuple[int, str]:
        """Wait for its end; return its status and what it wrote to stderr."""
        _, said = self._process.communicate(timeout=PATIENCE)
        return self._process.returncode, said.decode()
