"""The processes of a deployment, on loopback: Redis, a simulated Drone, two receivers, two served replicas."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.cluster.delivering import Balancer
from support.ports import free_port
from support.redis_server import RedisServer
from support.warm import warm_python

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SCENARIO = Path(__file__).with_name("scenario.yaml")
SECRET = "known-to-drone-and-the-receivers"
CALLERS = "a-token-of-the-callers-of-both"
PERIOD = 5  # seconds between comparisons with Drone: the shortest that a receiver takes
START_SECONDS = 120


@dataclass
class Program:
    """A process of ours, at an address that it keeps when it is started again."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str]
    log: Path
    told: dict[str, Any] = field(default_factory=dict)
    _process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return str(self.told["url"])

    async def start(self) -> None:
        """Start it, and wait for the line that says that it is ready."""
        kept = {name: value for name, value in os.environ.items() if "DRONE" not in name and "OTEL" not in name}
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(*warm_python(), "-m", *self.command),
                env=kept | self.environment,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert self._process.stdout
        line = await asyncio.wait_for(self._process.stdout.readline(), START_SECONDS)
        assert line, f"{self.name} did not start: {self.log.read_text(encoding='utf-8')}"
        self.told = json.loads(line)

    async def kill(self) -> None:
        """End it as a crash would."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """Ask it to end."""
        await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.send_signal(number)
            await process.wait()


class Store:
    """Redis, with the same way to kill and start it."""

    name = "redis"

    def __init__(self, folder: Path) -> None:
        self._server = RedisServer(folder)
        self.url = self._server.url

    async def start(self) -> None:
        await asyncio.to_thread(self._server.start)

    async def kill(self) -> None:
        await asyncio.to_thread(self._server.stop)

    stop = kill


class Cluster:
    """Everything that runs."""

    def __init__(self, folder: Path, deliveries: Balancer) -> None:
        self.deliveries = deliveries
        self.store = Store(folder)
        self.drone = Program(
            "drone",
            (
                *("drone_mcp_simulator", "serve", "--scenario", str(SCENARIO)),
                *("--webhook", deliveries.url, "--webhook-secret-env", "WEBHOOK_SECRET"),
            ),
            {"WEBHOOK_SECRET": SECRET},
            folder / "drone.log",
        )
        self._folder = folder
        self.receivers: list[Program] = []
        self.replicas: list[Program] = []

    @property
    def victims(self) -> list[Program | Store]:
        """Any of which may die."""
        return [self.receivers[0], self.replicas[0], self.store, self.receivers[1], self.replicas[1]]

    async def start(self) -> None:
        """Start all."""
        await asyncio.gather(self.store.start(), self.drone.start())
        self.receivers = [self._receiver(number) for number in (1, 2)]
        self.replicas = [self._replica(number) for number in (1, 2)]
        await asyncio.gather(*(one.start() for one in (*self.receivers, *self.replicas)))
        self.deliveries.targets = [receiver.url for receiver in self.receivers]

    async def stop(self) -> None:
        """End all."""
        await asyncio.gather(*(one.stop() for one in (*self.receivers, *self.replicas, self.drone)))
        await self.store.stop()

    def _receiver(self, number: int) -> Program:
        return self._program(
            f"receiver-{number}",
            (
                *("drone_mcp_webhooks", "serve", "--listen", f"127.0.0.1:{free_port()}"),
                *("--period", str(PERIOD), "--requests-per-minute", "100000"),
            ),
            {"DRONE_MCP_WEBHOOK_SECRET": SECRET},
            "admin",
        )

    def _replica(self, number: int) -> Program:
        return self._program(
            f"replica-{number}",
            ("drone_mcp_config", "serve", "--role", "dev", "--http", f"127.0.0.1:{free_port()}"),
            {"DRONE_MCP_HTTP_TOKEN": CALLERS},
            "dev",
        )

    def _program(self, name: str, command: tuple[str, ...], own: dict[str, str], user: str) -> Program:
        shared = {
            "DRONE_SERVER": self.drone.url,
            "DRONE_TOKEN": self.drone.told["tokens"][user],
            "DRONE_MCP_STATE": self.store.url,
            "DRONE_MCP_LOG_FORMAT": "json",
        }
        return Program(name, command, shared | own, self._folder / f"{name}.log")


@asynccontextmanager
async def running_cluster(folder: Path) -> AsyncIterator[Cluster]:
    """Run everything for as long as the block takes; logs stay in `folder`."""
    async with AsyncExitStack() as stack:
        deliveries = await stack.enter_async_context(Balancer.running())
        cluster = Cluster(folder, deliveries)
        stack.push_async_callback(cluster.stop)
        await cluster.start()
        yield cluster
