"""A bad day: kill -9, and doubled, reordered, forged, oversized and lost deliveries, all end in the right state.

All deliveries that a real Drone once made go to a real receiver, whose state another process reads.
The page `docs/operations.md` has a table of what is seen here.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from ci_mcp_simulator.clock import ManualClock
from drone_mcp_client.client import DroneClient
from drone_mcp_client.options import DroneOptions
from drone_mcp_simulator.webhooks import WebhookSender
from drone_mcp_state import merge, open_store
from drone_mcp_webhooks.receiver import LARGEST_BODY
from support.captured_builds import SECRET, deliveries, events
from support.deliveries import signed
from support.patience import PATIENCE
from support.redis_server import RedisServer
from support.simulator import running_simulator
from support.webhook_receiver import ReceiverProcess

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from pathlib import Path

    from drone_mcp_client.models import Build

BODIES = [delivery.body for delivery in deliveries()]
OF_BUILDS = [body for body in BODIES if json.loads(body)["event"] == "build"]


def truth() -> dict[tuple[str, int], Build]:
    """Apply all of Drone's deliveries once and in order; return the resulting state."""
    found: dict[tuple[str, int], Build] = {}
    for event in events():
        if event.repo is not None and event.build is not None:
            key = (event.repo.slug, event.build.number)
            found[key] = merge(found.get(key), event.build)
    return found


@pytest.fixture(params=["sqlite", "redis"])
def state(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[str]:
    if request.param == "sqlite":
        yield f"sqlite://{tmp_path}/state.db"
        return
    server = RedisServer(tmp_path)
    server.start()
    yield server.url
    server.stop()


@asynccontextmanager
async def receiving(state: str, **more: str) -> AsyncGenerator[tuple[ReceiverProcess, httpx.AsyncClient]]:
    environment = {"DRONE_MCP_WEBHOOK_SECRET": SECRET, "DRONE_MCP_STATE": state}
    with ReceiverProcess(environment | more, "--period", "5") as receiver:
        async with receiver.client() as http:
            yield receiver, http


async def deliver(http: httpx.AsyncClient, body: bytes, **headers: str) -> int:
    response = await http.post("/webhooks", content=body, headers=signed(body, at=time.time()) | headers)
    return response.status_code


async def known(state: str) -> dict[tuple[str, int], Build]:
    async with open_store(state) as store:
        return {(record.slug, record.build.number): record.build async for record in store.records()}


async def test_kill_9_after_every_sixteenth_delivery(state: str) -> None:
    for start in range(0, len(BODIES), 16):
        async with receiving(state) as (receiver, http):
            for body in BODIES[start : start + 16]:
                assert await deliver(http, body) == 204
            receiver.kill()
    assert await known(state) == truth()


async def test_every_delivery_three_times(state: str) -> None:
    async with receiving(state) as (_, http):
        statuses = await asyncio.gather(*(deliver(http, body) for body in BODIES for _ in range(3)))
    assert set(statuses) == {204}
    assert await known(state) == truth()


async def test_all_deliveries_in_five_other_orders(state: str) -> None:
    async with receiving(state) as (_, http):
        for seed in range(5):
            order = random.Random(seed).sample(BODIES, len(BODIES))  # noqa: S311 - any order will do
            assert {await deliver(http, body) for body in order} == {204}
            assert await known(state) == truth()


def pretended(body: bytes) -> bytes:
    """The same build, but green."""
    event = json.loads(body)
    event["build"] |= {"status": "success", "version": 99, "stages": []}
    return json.dumps(event).encode()


def forgeries(body: bytes, other: bytes) -> list[dict[str, str]]:
    """Forge headers for a body: of another secret, of other bodies, of an old delivery, or no headers at all."""
    false, now = pretended(body), time.time()
    return [
        signed(false, at=now, secret="guessed"),
        signed(body, at=now),
        signed(other, at=now),
        signed(false, at=now - 3600),
        {"Content-Type": "application/json"},
    ]


async def test_five_forgeries_before_every_delivery(state: str) -> None:
    async with receiving(state) as (_, http):
        for body, other in zip(OF_BUILDS, [OF_BUILDS[-1], *OF_BUILDS], strict=False):
            for headers in forgeries(body, other):
                response = await http.post("/webhooks", content=pretended(body), headers=headers)
                assert response.status_code == 401
            assert await deliver(http, body) == 204
    assert await known(state) == truth()


async def test_oversized_deliveries_among_the_others(state: str) -> None:
    async with receiving(state) as (_, http):
        for body in BODIES:
            assert await deliver(http, body) == 204
            if body in OF_BUILDS[::10]:
                assert await deliver(http, pretended(body) + b" " * LARGEST_BODY) == 413
    assert await known(state) == truth()


class Lossy(httpx.AsyncHTTPTransport):
    """A network that loses two of three."""

    def __init__(self) -> None:
        super().__init__(verify=False)  # there is no TLS on loopback, and loading authorities takes time
        self.sent = 0
        self.lost = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.sent += 1
        if self.sent % 3:
            self.lost += 1
            return httpx.Response(200)  # Drone does not know either
        return await super().handle_async_request(request)


async def test_two_of_three_deliveries_lost(state: str) -> None:
    network = Lossy()
    async with running_simulator("demo", socket=True, clock=ManualClock(time.time())) as drone:
        settings = DroneOptions(server=drone.url, token=drone.admin_token)
        environment = {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.admin_token, "DRONE_MCP_WEBHOOK_MAX_AGE": "0"}
        async with receiving(state, **environment) as (receiver, _), DroneClient(settings) as client:
            drone.world.sender = WebhookSender((f"{receiver.url}/webhooks",), SECRET, transport=network)
            made = [await client.create_build("octo/hello", branch="main") for _ in range(3)]
            numbers = [build.number for build in made if build is not None]
            async with open_store(state) as store:
                cursor = await store.cursor()
                for _ in range(30):
                    await drone.advance(10)
                for number in numbers:
                    end = await client.build("octo/hello", number)
                    while (record := await store.get("octo/hello", number)) is None or record.build != end:
                        cursor = (await store.wait("octo/hello", number, cursor, timeout=PATIENCE)).cursor
    assert network.lost > network.sent / 2
