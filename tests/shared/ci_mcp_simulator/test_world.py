"""The world of a simulated service: its time, and the record of its requests."""

from __future__ import annotations

import anyio
import httpx
import pytest
from starlette.responses import PlainTextResponse

from ci_mcp_simulator.application import create_app
from ci_mcp_simulator.clock import EPOCH, RealClock
from ci_mcp_simulator.world import SimulatedWorld
from support.patience import PATIENCE


async def test_a_manual_clock_plays_events_only_while_it_is_advanced() -> None:
    world, played = SimulatedWorld(), list[float]()
    world.timeline.after(5, lambda: played.append(world.now()))
    world.timeline.after(20, lambda: played.append(world.now()))
    async with world.running():
        assert played == []
        await world.advance(10)
    assert (played, world.now()) == ([EPOCH + 5], EPOCH + 10)


async def test_an_event_may_cause_another_one_that_is_due_on_the_way() -> None:
    world, played = SimulatedWorld(), list[float]()
    world.timeline.after(5, lambda: world.timeline.after(2, lambda: played.append(world.now())))
    await world.advance(7)
    assert played == [EPOCH + 7]


async def test_a_real_clock_plays_events_by_itself_and_cannot_be_advanced() -> None:
    world, played = SimulatedWorld(clock=RealClock()), anyio.Event()
    world.timeline.after(0.01, played.set)
    async with world.running():
        with anyio.fail_after(PATIENCE):
            await played.wait()
    with pytest.raises(TypeError, match="only a manual clock"):
        await world.advance(1)


async def test_requests_are_recorded_without_their_credentials_and_the_simulators_own_are_not() -> None:
    world = SimulatedWorld()
    app = create_app(world, {"/": PlainTextResponse("hello", 201)})
    headers = {"authorization": "Bearer secret-token", "cookie": "session=secret-token"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service.test") as http:
        await http.get("/a%2Fb?x=1", headers=headers)
        await http.get("/_simulator/requests")
    (recorded,) = world.requests
    assert (recorded.method, recorded.path, recorded.query) == ("GET", "/a%2Fb", "x=1")
    assert (recorded.status, recorded.sent, recorded.has_cookie) == (201, 5, True)
    assert "secret" not in repr(recorded)
