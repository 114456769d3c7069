"""Steps that run: against the simulator, whose clock stands still until it is moved, and against odd streams."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import httpx

from drone_mcp_diagnosis.live_log import Pace
from support.made_builds import made_build, made_stage, made_step
from support.patience import PATIENCE
from support.simulator import running_simulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import respx

    from support.simulator import SimulatorHandle

BUILDS = "/api/repos/octo/hello/builds"
BUILD = f"{BUILDS}/7"
LOG = f"{BUILD}/logs/1/1"
STREAM = "/api/stream/octo/hello/7/1/1"
NO_ROWS = {"message": "sql: no rows in result set"}
EOF = b"event: error\ndata: eof\n\n"
RUNNING = made_build(7, "running", made_stage(1, "ci", "running", made_step(1, "test", "running")))
DONE = made_build(7, "success", made_stage(1, "ci", "success", made_step(1, "test")))


class Events(httpx.AsyncByteStream):
    """A stream of what a step wrote, then an end or, as a rule, silence."""

    def __init__(self, *outs: str, pos: int = 0, end: bytes | Exception | None = None) -> None:
        self.writes = [{"pos": pos + index, "out": out, "time": 0} for index, out in enumerate(outs)]
        self.end = end
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b": ping\n\n"
        for write in self.writes:
            yield f"data: {json.dumps(write)}\n\n\n".encode()
        if isinstance(self.end, Exception):
            raise self.end
        if self.end is None:
            await anyio.sleep_forever()
        else:
            yield self.end

    async def aclose(self) -> None:
        self.closed = True


def streaming(events: Events) -> httpx.Response:
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=events)


def paths(router: respx.MockRouter) -> list[str]:
    return [call.request.url.path for call in router.calls]


async def test_a_running_step_is_read_from_its_stream(connect: Any, drone: respx.MockRouter, era: str) -> None:
    drone.get(BUILD).respond(json=RUNNING)
    events = Events("+ go test\n", "ok  a\n", "wor")
    drone.get(STREAM).mock(return_value=streaming(events))
    async with connect(era) as agent:
        answer = await agent.logs(number=7, step="test")
    (section,) = answer.data["logs"]
    assert answer.lines() == [(1, "|", "+ go test"), (2, "|", "ok  a"), (3, "|", "wor")]
    assert (section["running"], section["total_lines"], section["truncated"]) == (True, 3, False)
    assert "end" not in section
    assert "lines to come: cursor=" in answer.text
    assert paths(drone) == [BUILD, STREAM]
    assert events.closed


async def test_the_cursor_of_a_running_step_goes_on_at_the_line_that_had_no_end(
    agent: Any, drone: respx.MockRouter
) -> None:
    drone.get(BUILD).respond(json=RUNNING)
    drone.get(STREAM).mock(
        side_effect=[streaming(Events("a\n", "wor")), streaming(Events("a\n", "wor", "ld\n", "next\n"))]
    )
    first = await agent.logs(number=7, step="test")
    second = await agent.logs(cursor=first.data["logs"][0]["cursor"])
    assert second.lines() == [(2, "|", "world"), (3, "|", "next")]


async def test_nothing_new_is_an_answer_with_the_same_place_to_go_on(agent: Any, drone: respx.MockRouter) -> None:
    drone.get(BUILD).respond(json=RUNNING)
    drone.get(STREAM).mock(side_effect=lambda _: streaming(Events("a\n", "b\n")))
    cursor = (await agent.logs(number=7, step="test")).data["logs"][0]["cursor"]
    again = await agent.logs(cursor=cursor)
    (section,) = again.data["logs"]
    assert "log" not in section
    assert (section["cursor"], section["running"], section["total_lines"]) == (cursor, True, 2)
    assert "No lines shown of 2" in again.text


async def test_a_running_step_that_printed_nothing_says_so(agent: Any, drone: respx.MockRouter) -> None:
    drone.get(BUILD).respond(json=RUNNING)
    drone.get(STREAM).mock(return_value=streaming(Events()))
    (section,) = (await agent.logs(number=7, step="test")).data["logs"]
    assert section["note"] == "It runs and has printed nothing so far"


async def test_a_step_that_ended_meanwhile_is_read_from_the_store(agent: Any, drone: respx.MockRouter) -> None:
    drone.get(BUILD).mock(side_effect=[httpx.Response(200, json=RUNNING), httpx.Response(200, json=DONE)])
    drone.get(STREAM).mock(return_value=streaming(Events(end=EOF)))
    drone.get(LOG).respond(json=[{"pos": 0, "out": "a\n", "time": 0}])
    answer = await agent.logs(number=7, step="test")
    (section,) = answer.data["logs"]
    assert (section["status"], section["end"], answer.lines()) == ("success", True, [(1, "|", "a")])
    assert paths(drone) == [BUILD, STREAM, BUILD, LOG]


async def test_a_live_cursor_goes_on_in_the_stored_log(agent: Any, drone: respx.MockRouter) -> None:
    drone.get(BUILD).mock(side_effect=[httpx.Response(200, json=RUNNING), httpx.Response(200, json=DONE)])
    drone.get(STREAM).mock(return_value=streaming(Events("a\n", "b\n", "")))
    drone.get(LOG).respond(json=[{"pos": n, "out": out, "time": 0} for n, out in enumerate(["a\n", "b\n", "", "c\n"])])
    first = await agent.logs(number=7, step="test")
    second = await agent.logs(cursor=first.data["logs"][0]["cursor"])
    assert second.lines() == [(3, "|", "c")]
    assert second.data["logs"][0]["end"]


async def test_between_running_and_stored_it_says_to_ask_again(agent: Any, drone: respx.MockRouter) -> None:
    drone.get(BUILD).respond(json=RUNNING)
    drone.get(STREAM).mock(side_effect=lambda _: streaming(Events(end=EOF)))
    drone.get(LOG).respond(404, json=NO_ROWS)
    answer = await agent.logs(number=7, step="test")
    assert (answer.error["code"], answer.error["retryable"]) == ("NOT_FOUND", True)
    assert "just begun or just ended" in answer.error["next_step"]


async def test_what_drone_no_longer_replays_is_reported(agent: Any, drone: respx.MockRouter) -> None:
    drone.get(BUILD).respond(json=RUNNING)
    drone.get(STREAM).mock(
        side_effect=[
            streaming(Events("a\n", "b\n", pos=7000)),
            streaming(Events("b\n", "c\n", pos=7001)),
        ]
    )
    first = await agent.logs(number=7, step="test")
    assert first.data["logs"][0]["head_lost"]
    assert first.lines() == [(7001, "|", "a"), (7002, "|", "b")]
    second = await agent.logs(cursor=first.data["logs"][0]["cursor"])
    assert second.lines() == [(7003, "|", "c")]


async def test_a_stream_that_breaks_shows_what_came_before(agent: Any, drone: respx.MockRouter) -> None:
    drone.get(BUILD).respond(json=RUNNING)
    drone.get(STREAM).mock(
        side_effect=[
            streaming(Events("a\n", end=httpx.ReadError("reset"))),
            streaming(Events(end=httpx.ReadError("reset"))),
        ]
    )
    assert (await agent.logs(number=7, step="test")).lines() == [(1, "|", "a")]
    assert (await agent.logs(number=7, step="test")).error["code"] == "NETWORK_ERROR"


async def test_a_step_that_never_stops_writing_does_not_hold_the_answer(connect: Any, drone: respx.MockRouter) -> None:
    class Chatter(Events):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for number in range(10**9):
                yield b'data: {"pos":%d,"out":"again\\n"}\n\n' % number
                await anyio.lowlevel.checkpoint()

    drone.get(BUILD).respond(json=RUNNING)
    drone.get(STREAM).mock(return_value=streaming(Chatter()))
    async with connect(pace=Pace(first=0.1, quiet=10.0, total=0.1)) as agent:
        with anyio.fail_after(PATIENCE):
            answer = await agent.logs(number=7, step="test")
    assert answer.data["logs"][0]["running"]
    assert answer.size <= 2_000


async def test_a_search_looks_into_what_a_running_step_printed_so_far(agent: Any, drone: respx.MockRouter) -> None:
    drone.get(BUILD).respond(json=RUNNING)
    drone.get(STREAM).mock(return_value=streaming(Events("ok\n", "needle\n")))
    answer = await agent.search("needle", number=7, context=0)
    assert answer.lines() == [(2, ">", "needle")]
    assert answer.data["results"][0]["note"] == "it still runs: searched what it printed so far"


@asynccontextmanager
async def simulated(connect: Any, scenario: str = "demo") -> AsyncIterator[tuple[SimulatorHandle, Any]]:
    async with running_simulator(scenario, socket=True) as drone:
        env = {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.admin_token, "DRONE_REPO": "octo/payments"}
        async with connect(pace=Pace(first=5.0, quiet=0.2, total=1.0), **env) as agent:
            drone.forget()
            yield drone, agent


async def test_a_step_is_followed_from_its_first_line_to_its_end(connect: Any) -> None:
    async with simulated(connect) as (drone, agent):
        running = await agent.call("drone_get_build_logs", number=3, step="test")
        assert running.lines() == [(1, "|", "+ go test ./...")]
        (section,), seen = running.data["logs"], [1]
        while not section.get("end"):
            await drone.advance(600)
            answer = await agent.call("drone_get_build_logs", number=3, cursor=section["cursor"])
            (section,) = answer.data["logs"]
            seen += [number for number, _, _ in answer.lines()] if "log" in section else []
    assert section["status"] == "success"
    assert seen == [1, 2, 3, 4]


async def test_the_log_of_a_cancelled_step_is_read_within_bounds(connect: Any) -> None:
    async with simulated(connect) as (drone, agent):
        running = await agent.call("drone_get_build_logs", number=3, step="test")
        async with drone.client() as http:
            assert (await http.delete("/api/repos/octo/payments/builds/3")).status_code == 200
        with anyio.fail_after(PATIENCE):
            cancelled = await agent.call("drone_get_build_logs", number=3, step="test")
            later = await agent.call("drone_get_build_logs", cursor=running.data["logs"][0]["cursor"])
            await drone.advance(60)
            stored = await agent.call("drone_get_build_logs", number=3)
    for answer in (cancelled, later):
        assert answer.error["retryable"] if answer.failed else answer.data["logs"][0]["status"] == "killed"
    assert stored.data["logs"][0]["status"] == "killed"
    assert stored.lines()[0] == (1, "|", "+ go test ./...")


async def test_five_mebibytes_without_their_head_are_read_and_searched(connect: Any) -> None:
    async with simulated(connect, "big") as (drone, agent):
        answer = await agent.call("drone_get_build_logs", repo="octo/monolith")
        found = await agent.call("drone_search_build_logs", repo="octo/monolith", pattern=r"unit 069\d{2}7 ", context=0)
        resource = await agent.client.read_resource("drone://repo/octo/monolith/build/1/logs/1/compile")
        asked = [request.path for request in drone.asked]
    (section,) = answer.data["logs"]
    assert section["head_lost"]
    assert 5_200_000 < section["bytes"] <= 5 << 20
    assert answer.size <= 2_000
    assert (found.data["matches"], found.data["shown"]) == (100, 20)
    text = resource.contents[0].text
    assert len(text) <= (256 << 10) + 500
    assert "are left out" in text[:300]
    assert asked[:2] == ["/api/repos/octo/monolith/builds/latest", "/api/repos/octo/monolith/builds/1/logs/1/1"]
    assert len(asked) == 6
