"""A subscriber of a resource is notified when it has changed, in both eras of the protocol."""

from __future__ import annotations

import asyncio
import warnings
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp.types import ResourceUpdatedNotification

from ci_mcp_kit import logs
from drone_mcp_build.settings import Settings
from drone_mcp_builds import subscriptions
from drone_mcp_builds.server import create
from drone_mcp_client.models import Build
from drone_mcp_state import open_store
from support.agent import ENVIRONMENT, Agent
from support.patience import PATIENCE
from support.simulator import running_simulator, until_sleeping

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from support.simulator import SimulatorHandle

SLUG = "octo/payments"
LATEST = f"drone://repo/{SLUG}/latest"
SUMMARY = f"drone://repo/{SLUG}/build/3/summary"
# Seconds until the demo's running build has passed its second step.
TESTED = 1293
# Who sleeps meanwhile: the next reading, and Drone's ping of the stream.
BY_STREAM = 2


class Subscriber:
    """An agent that subscribes as its era does; `heard` holds the addresses of its notifications."""

    def __init__(self, agent: Any, era: str, heard: asyncio.Queue[str]) -> None:
        self.agent = agent
        self.era = era
        self.heard = heard

    async def note(self, message: Any) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            self.heard.put_nowait(str(message.params.uri))

    @asynccontextmanager
    async def to(self, *uris: str) -> AsyncIterator[None]:
        if self.era == "legacy":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the SDK calls the old way deprecated
                for uri in uris:
                    await self.agent.client.subscribe_resource(uri)
                yield
                for uri in uris:
                    await self.agent.client.unsubscribe_resource(uri)
            return
        async with self.agent.client.listen(resource_subscriptions=uris) as stream:
            task = asyncio.create_task(self._hear(stream))
            yield
            task.cancel()

    async def _hear(self, stream: Any) -> None:
        async for event in stream:
            self.heard.put_nowait(event.uri)


async def until_running(name: str) -> None:
    """Let the others run until there is a task of that name."""
    while not any(name in repr(task) for task in asyncio.all_tasks()):  # noqa: ASYNC110 - it is the server that must run
        await asyncio.sleep(0)


@asynccontextmanager
async def simulated(
    connect: Any, era: str, ahead: float = 0.0, login: str = "admin", **env: str
) -> AsyncIterator[tuple[SimulatorHandle, Subscriber]]:
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def note(message: Any) -> None:
        await Subscriber(None, era, heard).note(message)

    with anyio.fail_after(PATIENCE):
        async with running_simulator("demo", socket=True) as drone:
            clock = drone.world.clock
            await drone.advance(ahead)
            settings = {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.token(login), "DRONE_MCP_RETRIES": "0", **env}

            async def pause(seconds: float) -> None:
                await clock.sleep_until(clock.now() + seconds)

            async with connect(era, clock=clock.now, pause=pause, heard=note, **settings) as agent:
                yield drone, Subscriber(agent, era, heard)


@pytest.mark.parametrize("uri", [LATEST, SUMMARY])
async def test_a_change_on_drones_stream_is_reported_and_the_resource_then_says_it(
    connect: Any, era: str, uri: str
) -> None:
    async with simulated(connect, era, TESTED - 1) as (drone, subscriber):
        before = await subscriber.agent.read(SUMMARY)
        async with subscriber.to(uri):
            await until_sleeping(drone.world, BY_STREAM)
            await drone.advance(1)
            if uri == LATEST:
                await drone.advance(1)
            assert await subscriber.heard.get() == uri
        after = await subscriber.agent.read(SUMMARY)
    assert before["stages"][0]["steps"][2]["status"] == "running"
    assert after["stages"][0]["steps"][2]["status"] == "success"


@pytest.mark.parametrize("uri", [LATEST, SUMMARY])
async def test_a_change_in_the_store_is_reported_without_a_question_to_drone(
    connect: Any, era: str, uri: str, tmp_path: Path
) -> None:
    state = f"sqlite://{tmp_path}/state.db"
    async with (
        open_store(state) as store,
        simulated(connect, era, TESTED - 1, DRONE_MCP_STATE=state) as (drone, subscriber),
    ):

        async def change() -> None:
            build = drone.world.find_build(drone.world.repos[SLUG], 3)
            known = Build.model_validate(build.to_json())
            await store.apply(SLUG, known, source="webhook", at=drone.world.now())

        await change()
        async with subscriber.to(uri):
            await until_running("Alarm._ring_by")
            await drone.advance(1)
            await change()
            assert await subscriber.heard.get() == uri
        paths = {request.path for request in drone.asked}
    assert paths == {f"/api/repos/{SLUG}"}, "all that is asked is whether the token may read"


async def test_who_may_not_read_a_build_cannot_subscribe_to_it(connect: Any) -> None:
    async with simulated(connect, "legacy", login="robot") as (_, subscriber):
        with pytest.raises(MCPError) as caught:
            async with subscriber.to(SUMMARY):
                pass
    assert caught.value.error.data["code"] == "NOT_FOUND"


async def test_who_may_not_read_a_build_is_not_notified_of_its_changes(connect: Any, tmp_path: Path) -> None:
    state = f"sqlite://{tmp_path}/state.db"
    async with (
        open_store(state) as store,
        simulated(connect, "auto", login="robot", DRONE_MCP_STATE=state) as (drone, subscriber),
    ):
        private, public = (drone.world.repos[slug] for slug in (SLUG, "octo/hello"))
        running = Build(number=3, repo_id=private.id, status="running", version=1)
        await store.apply(SLUG, running, source="webhook", at=drone.world.now())
        async with subscriber.to(SUMMARY):
            while not any("builds/3" in request.path for request in drone.asked):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0)
            ended = Build(number=3, repo_id=private.id, status="success", version=2)
            await store.apply(SLUG, ended, source="webhook", at=drone.world.now())
            await subscriber.agent.read(f"drone://repo/{public.slug}/build/4/summary")
        assert subscriber.heard.empty()
        assert f"/api/stream/{SLUG}" not in {request.path for request in drone.asked}


async def test_after_the_end_of_a_subscription_nothing_is_watched(connect: Any, era: str) -> None:
    async with simulated(connect, era) as (drone, subscriber):
        async with subscriber.to(SUMMARY, LATEST):
            await until_sleeping(drone.world, 2 * BY_STREAM)
        while any("Subscriptions._watch" in repr(task) for task in asyncio.all_tasks()):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0)


async def test_the_end_of_the_server_ends_its_watches(connect: Any, era: str) -> None:
    async with simulated(connect, era) as (drone, subscriber):
        subscription = subscriber.to(SUMMARY)
        if era == "legacy":
            await subscription.__aenter__()
            await until_sleeping(drone.world, BY_STREAM)
    assert not [task for task in asyncio.all_tasks() if "Subscriptions._watch" in repr(task)]


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("drone://repo/octo/hello/build/0/summary", "INVALID_INPUT"),
        ("drone://repo/octo/hello", None),  # no resource of this server at all
        ("file:///etc/passwd", None),
        ("drone://repo/acme/web/latest", "PERMISSION_DENIED"),
    ],
)
async def test_an_address_of_nothing_is_refused(connect: Any, uri: str, code: str) -> None:
    async with simulated(connect, "legacy", DRONE_MCP_REPOS="octo/*") as (drone, subscriber):
        drone.forget()
        with pytest.raises(MCPError) as caught:
            async with subscriber.to(uri):
                pass
        assert (caught.value.error.data or {}).get("code") == code
        assert drone.asked == []


@pytest.mark.parametrize("uri", ["drone://repo/octo/hello/build/999/summary", "drone://repo/octo/nothing/latest"])
async def test_what_does_not_exist_is_refused_and_not_watched(connect: Any, uri: str) -> None:
    async with simulated(connect, "legacy") as (_, subscriber):
        with pytest.raises(MCPError) as caught:
            async with subscriber.to(uri):
                pass
        assert caught.value.error.data["code"] == "NOT_FOUND"
        assert not [task for task in asyncio.all_tasks() if "Subscriptions._watch" in repr(task)]


async def test_both_eras_are_told_that_they_can_subscribe(connect: Any, era: str) -> None:
    async with connect(era) as agent:
        assert agent.client.server_capabilities.resources.subscribe is True


def watched() -> int:
    return sum("Subscriptions._watch" in repr(task) for task in asyncio.all_tasks())


async def test_a_caller_who_watches_much_takes_nothing_from_another(era: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriptions, "MOST_WATCHED", 1)
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with running_simulator("demo", socket=True) as drone:
        own = {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.admin_token}
        server = create(Settings.from_environment(ENVIRONMENT | own))
        async with Client(server, mode=era) as first, Client(server, mode=era) as second:
            ann, bob = (Subscriber(Agent(client), era, heard) for client in (first, second))
            logs.set_caller("ann")
            async with ann.to(LATEST):
                if era == "legacy":
                    with pytest.raises(MCPError, match="as many as a caller may have"):
                        async with ann.to(SUMMARY):
                            pass
                else:
                    async with ann.to(SUMMARY):
                        assert watched() == 1
                logs.set_caller("bob")
                async with bob.to(LATEST):
                    assert watched() == 1
                async with bob.to(SUMMARY):
                    assert watched() == 2
            logs.set_caller("ann")
            async with ann.to(SUMMARY):
                assert watched() == 1
