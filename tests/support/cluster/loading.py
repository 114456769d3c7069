"""Load on a cluster: builds that come and go, agents that ask about them; and what has to hold afterwards."""

from __future__ import annotations

import asyncio
import itertools
import json
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from drone_mcp_client.models import Build
from drone_mcp_client.status import is_final
from drone_mcp_state import merge, open_store
from support.cluster.processes import CALLERS
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from drone_mcp_state import BuildStateStore
    from support.cluster.processes import Cluster, Program, Store

SLUG = "octo/busy"
AGENTS = 3
BUILDS_AT_ONCE = 4
ACCEPT = {"accept": "application/json, text/event-stream", "authorization": f"Bearer {CALLERS}"}


@dataclass
class Load:
    """Agents and builds, and what became of them.

    Attributes:
        reads: reads that were answered.
        cut: reads whose connection broke while they were under way, since the last kill.
        failed: what was wrong with any other read that was not answered.
        back: builds that were told as ended and then as not, which can be where an event was lost and one replica asks
            Drone while the other believes the state.
    """

    cluster: Cluster
    reads: int = 0
    cut: int = 0
    failed: list[str] = field(default_factory=list)
    back: list[int] = field(default_factory=list)
    newest: int = 1
    _ended: set[int] = field(default_factory=set)
    _turns: Any = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        # An address of its own for each request: what is left of a connection to a dead process is no read.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._http = httpx.AsyncClient(trust_env=False, timeout=PATIENCE, limits=limits)
        drone = self.cluster.drone
        token = {"authorization": f"Bearer {drone.told['tokens']['admin']}"}
        self.drone = httpx.AsyncClient(base_url=drone.url, trust_env=False, timeout=PATIENCE, headers=token)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Load the cluster for as long as the block takes."""
        tasks = [asyncio.create_task(self._build()) for _ in range(BUILDS_AT_ONCE)]
        tasks += [asyncio.create_task(self._ask(agent)) for agent in range(AGENTS)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for outcome in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(outcome, Exception):
                    raise outcome

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.aclose()
        await self.drone.aclose()

    async def go_on(self, reads: int, deliveries: int) -> None:
        """Wait until so many more reads were answered and deliveries acknowledged."""
        acknowledged = self.cluster.deliveries.acknowledged
        enough = self.reads + reads, len(acknowledged) + deliveries
        await until(lambda: self.reads >= enough[0] and len(acknowledged) >= enough[1], "the load does not go on")

    async def _build(self) -> None:
        """Start a build, wait for its end, and again."""
        while True:
            branch = ("main", "broken")[next(self._turns) % 2]
            answer = await self.drone.post(f"/api/repos/{SLUG}/builds", params={"branch": branch})
            self.newest = number = int(answer.raise_for_status().json()["number"])
            await self.ended(number)

    async def ended(self, number: int) -> Build:
        """Wait for the end of a build, and return it as Drone has it."""
        while not is_final((build := await self.build(number)).status):  # noqa: ASYNC110 - Drone is asked, as people do
            await asyncio.sleep(0.2)
        return build

    async def build(self, number: int) -> Build:
        """Return a build as Drone has it."""
        answer = await self.drone.get(f"/api/repos/{SLUG}/builds/{number}")
        return Build.model_validate_json(answer.raise_for_status().content)

    async def _ask(self, agent: int) -> None:
        """Be an agent: ask about the newest builds, at the other replica where one does not answer."""
        for turn in itertools.count(agent):
            number = max(1, self.newest - turn % 8)
            for replica in (turn, turn + 1, turn + 2):
                try:
                    answer = await self._read(self.cluster.replicas[replica % 2], number)
                except httpx.ConnectError:
                    continue
                except httpx.TransportError:
                    self.cut += 1
                    continue
                self._judge(number, answer)
                break
            else:
                self.failed.append("no replica answered")
            await asyncio.sleep(0.02)

    async def _read(self, replica: Program, number: int) -> httpx.Response:
        arguments = {"repo": SLUG, "number": number}
        params = {"name": "drone_get_build", "arguments": arguments}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        return await self._http.post(f"{replica.url}/builds/mcp", json=message, headers=ACCEPT)

    def _judge(self, number: int, answer: httpx.Response) -> None:
        data = answer.text.rpartition("data: ")[2]
        result = json.loads(data).get("result", {}) if answer.status_code == httpx.codes.OK else {}
        build = result.get("structuredContent", {})
        if result.get("isError") or build.get("number") != number:
            self.failed.append(f"{answer.status_code}: {answer.text[:500]}")
            return
        self.reads += 1
        if is_final(build["status"]):
            self._ended.add(number)
        elif number in self._ended:
            self.back.append(number)


async def survive(load: Load, victim: Program | Store) -> None:
    """Kill a process under load, see that the load goes on without it, start it again, and see it go on with it."""
    load.cut = 0
    await load.go_on(reads=10, deliveries=10)
    await victim.kill()
    # Without its store a receiver acknowledges nothing: what it cannot keep is not said to be kept.
    await load.go_on(reads=20, deliveries=0 if victim is load.cluster.store else 10)
    await victim.start()
    await load.go_on(reads=10, deliveries=10)


async def until(holds: Callable[[], bool], otherwise: str) -> None:
    """Wait for something."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not holds():  # noqa: ASYNC110 - what is waited for are counts of many tasks
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(otherwise) from None


async def acknowledged_and_missing(load: Load) -> list[int]:
    """Return builds of which the state knows less than a receiver has acknowledged."""
    events = [Build.model_validate(event) for event in load.cluster.deliveries.acknowledged]
    async with open_store(load.cluster.store.url) as store:
        records = {record.build.number: record.build async for record in store.records()}
    # What is in the state already changes nothing when it is merged once more.
    return [event.number for event in events if merge(known := records.get(event.number), event) is not known]


async def wrong_in_the_end(load: Load) -> list[int]:
    """Wait until the state tells all builds as Drone does; return those that it still does not at the end."""
    builds = [await load.ended(number) for number in range(2, load.newest + 1)]
    wrong = builds
    async with open_store(load.cluster.store.url) as store:
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while wrong := [build for build in wrong if not await _is_right(store, build)]:  # noqa: ASYNC110 - no event
                    await asyncio.sleep(0.2)
    return [build.number for build in wrong]


async def _is_right(store: BuildStateStore, build: Build) -> bool:
    record = await store.get(SLUG, build.number)
    return record is not None and _told(record.build) == _told(build)


def _told(build: Build) -> Any:
    stages = build.stages or ()
    steps = {(stage.number, step.number): step.status for stage in stages for step in stage.steps or ()}
    return build.status, {stage.number: stage.status for stage in stages}, steps
