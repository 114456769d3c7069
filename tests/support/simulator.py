"""A simulated Drone for tests: `async with running_simulator("demo") as drone:`.

In-process by default: give `drone.transport` to the httpx client (or Drone client) under test; nothing is listened on.
Streams and broken connections need `socket=True`, which serves on a free loopback port within the test's event loop.
The clock stands still until `await drone.advance(seconds)`.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from ci_mcp_simulator.clock import ManualClock
from ci_mcp_simulator.faults import Fault
from drone_mcp_simulator.app import create_app, serving
from drone_mcp_simulator.scenario_loading import load
from support.patience import PATIENCE
from support.threads import threads_work

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.applications import Starlette

    from ci_mcp_simulator.clock import Clock
    from ci_mcp_simulator.world import RecordedRequest
    from drone_mcp_simulator.webhooks import WebhookSender
    from drone_mcp_simulator.world import World

ROUNDS_AT_REST = 100  # more than a task needs from the answer to a request to its next sleep


@dataclass
class SimulatorHandle:
    """A running simulator.

    Attributes:
        url: the server's address; in-process it resolves through `transport` alone.
        world: its whole state.
        app: what serves it in-process; none when it is served on a socket.
    """

    url: str
    world: World
    app: Starlette | None = None

    @property
    def transport(self) -> httpx.AsyncBaseTransport:
        """For `httpx.AsyncClient(transport=...)`: a new one each time, since a client closes its own."""
        if self.app:
            return httpx.ASGITransport(self.app)
        return httpx.AsyncHTTPTransport(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))  # spares loading authorities

    def token(self, login: str) -> str:
        """A user's token."""
        return self.world.users[login].token

    @property
    def admin_token(self) -> str:
        """The first system administrator's token."""
        return next(user.token for user in self.world.users.values() if user.admin)

    def client(self, token: str | None = None) -> httpx.AsyncClient:
        """A client for the server, as the administrator unless told otherwise; `""` is a guest."""
        text = self.admin_token if token is None else token
        headers = {"authorization": f"Bearer {text}"} if text else {}
        return httpx.AsyncClient(
            base_url=self.url, headers=headers, transport=self.transport, trust_env=False, timeout=PATIENCE
        )

    async def advance(self, seconds: float) -> None:
        """Let time pass."""
        await self.world.advance(seconds)

    def break_with(self, kind: str, **settings: Any) -> None:
        """Put a fault into force, for example `break_with("status", status=429, retry_after="2", count=1)`."""
        self.world.faults.add(Fault.model_validate({"kind": kind, **settings}))

    @property
    def asked(self) -> list[RecordedRequest]:
        """The requests that arrived, but for the one with which each process checks its token."""
        return [request for request in self.world.requests if request.path != "/api/user"]

    def forget(self) -> None:
        """Forget the requests that arrived."""
        self.world.requests.clear()


@asynccontextmanager
async def running_simulator(
    scenario: str | Path = "demo",
    *,
    socket: bool = False,
    clock: Clock | None = None,
    webhooks: WebhookSender | None = None,
) -> AsyncIterator[SimulatorHandle]:
    """Run a scenario (a shipped name or a file), by default in-process and with a clock that stands still."""
    world = load(str(scenario), clock or ManualClock())
    world.sender = webhooks
    async with AsyncExitStack() as stack:
        if socket:
            url = await stack.enter_async_context(serving(world))
            yield SimulatorHandle(url, world)
        else:
            await stack.enter_async_context(world.running())
            yield SimulatorHandle(world.addresses.link, world, create_app(world))


async def until_sleeping(world: World, count: int = 1) -> None:
    """Let other tasks run until `count` of them wait for a manual clock (a request that Drone holds, for instance).

    All that is under way comes to rest first: a task that is still busy would go to sleep after the clock has moved,
    and sleep for too long. At rest means that no thread works, and that in many rounds of the event loop no task has
    gone to sleep or woken up, and no request has arrived or been answered.
    """
    assert isinstance(world.clock, ManualClock)
    rounds, before = 0, None
    while rounds < ROUNDS_AT_REST:
        await asyncio.sleep(0)
        now = (world.clock.count_sleepers(), [request.status for request in world.requests])
        is_at_rest = now == before and now[0] >= count and not threads_work()
        rounds, before = rounds + 1 if is_at_rest else 0, now


@asynccontextmanager
async def simulated(connect: Any, login: str = "admin", **env: str) -> AsyncIterator[tuple[SimulatorHandle, Any]]:
    """Start the scenario `demo`, and connect an agent to a server before it; what was sent until then is forgotten."""
    async with running_simulator("demo", socket=True) as drone:
        settings = {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.token(login), **env}
        async with connect(clock=drone.world.now, **settings) as agent:
            drone.forget()
            yield drone, agent
