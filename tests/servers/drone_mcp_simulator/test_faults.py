"""Faults as a client meets them, in-process and on a socket."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

from support.simulator import SimulatorHandle, running_simulator, until_sleeping

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BUILDS = "/api/repos/octo/hello/builds"


@pytest.fixture(params=[False, True], ids=["in-process", "socket"])
async def drone(request: pytest.FixtureRequest) -> AsyncIterator[SimulatorHandle]:
    async with running_simulator("demo", socket=request.param) as simulator:
        yield simulator


async def test_a_status_fault_is_met_as_often_as_it_says(drone: SimulatorHandle) -> None:
    drone.break_with("status", route="GET /api/*", status=429, retry_after="7", count=2)
    async with drone.client() as http:
        answers = [await http.get("/api/user") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["retry-after"] == "7"
    assert [asked.status for asked in drone.world.requests] == [429, 429, 200]


async def test_a_fault_meets_its_route_alone(drone: SimulatorHandle) -> None:
    drone.break_with("status", route="DELETE /api/*")
    drone.break_with("html", route="/api/repos/*")
    async with drone.client() as http:
        assert (await http.get("/api/user")).status_code == 200
        assert (await http.get(BUILDS)).headers["content-type"].startswith("text/html")
        assert (await http.delete(BUILDS)).status_code == 503


@pytest.mark.parametrize("kind", ["drop", "reset"])
async def test_a_broken_connection_is_httpxs_error(drone: SimulatorHandle, kind: str) -> None:
    drone.break_with(kind, route=f"GET {BUILDS}", count=1)
    async with drone.client() as http:
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            await http.get(BUILDS)
        assert (await http.get(BUILDS)).status_code == 200


async def test_truncated_json_is_a_whole_answer_that_does_not_parse(drone: SimulatorHandle) -> None:
    drone.break_with("truncate")
    async with drone.client() as http:
        answer = await http.get(BUILDS)

    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r".+"):
        answer.json()


async def test_a_wrong_content_type_leaves_the_body(drone: SimulatorHandle) -> None:
    drone.break_with("content_type", content_type="text/plain")
    async with drone.client() as http:
        answer = await http.get("/api/user")

    assert answer.headers["content-type"] == "text/plain"
    assert answer.json()["login"] == "admin"


@pytest.mark.parametrize("kind", ["delay", "drip"])
async def test_a_slow_answer_takes_the_clocks_time(drone: SimulatorHandle, kind: str) -> None:
    drone.break_with(kind, seconds=20)
    async with drone.client() as http:
        asked = asyncio.create_task(http.get("/api/user"))
        while not asked.done():
            if drone.world.clock.count_sleepers():  # type: ignore[attr-defined]  # a manual clock
                await drone.advance(20)
            await asyncio.sleep(0)

    assert asked.result().json()["login"] == "admin"


async def test_faults_are_set_listed_and_healed_by_request(drone: SimulatorHandle) -> None:
    async with drone.client() as http:
        made = await http.post("/_simulator/faults", json={"kind": "status", "status": 500})
        refused = await http.post("/_simulator/faults", json={"kind": "fire"})
        assert (await http.get("/api/user")).status_code == 500
        assert [fault["status"] for fault in (await http.get("/_simulator/faults")).json()] == [500]
        assert (await http.delete("/_simulator/faults")).status_code == 204
        assert (await http.get("/api/user")).status_code == 200

    assert made.status_code == 201
    assert refused.status_code == 400
    assert refused.json()["message"].startswith("kind: ")


async def test_a_request_that_drone_holds_ends_after_45_seconds() -> None:
    async with running_simulator("golden") as drone, drone.client() as http:
        await http.post("/api/user/repos")
        await http.post("/api/repos/octo/priv")
        held = asyncio.create_task(http.post("/api/repos/octo/priv/builds?branch=nosuchfile"))
        await until_sleeping(drone.world)
        await drone.advance(44)
        assert not held.done()
        await drone.advance(1)

        assert (await held).json() == {"message": "Not Found"}
