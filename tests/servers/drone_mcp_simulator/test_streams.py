"""Event streams on a socket."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from support.simulator import running_simulator, until_sleeping

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LOG = "/api/stream/octo/payments/3/1/3"


async def _lines(stream: AsyncIterator[str], until: str) -> list[str]:
    """Read non-empty lines up to one that begins with `until`."""
    seen: list[str] = []
    async for line in stream:
        if line:
            seen.append(line)
        if line.startswith(until):
            break
    return seen


async def test_a_late_comer_gets_the_log_so_far_and_then_follows_it() -> None:
    async with (
        running_simulator("demo", socket=True) as drone,
        drone.client() as http,
        http.stream("GET", LOG, timeout=None) as answer,
    ):
        lines = answer.aiter_lines()
        assert answer.headers["content-type"] == "text/event-stream"
        assert answer.headers["cache-control"] == "no-cache"
        assert await _lines(lines, "data") == [": ping", 'data: {"pos":0,"out":"+ go test ./...\\n","time":0}']
        await drone.advance(25 * 60)
        rest = await _lines(lines, "data: eof")

    assert [json.loads(line.removeprefix("data: "))["pos"] for line in rest[:-2]] == [1, 2, 3]
    assert rest[-2:] == ["event: error", "data: eof"]


async def test_the_stream_of_no_running_step_is_over_at_once() -> None:
    async with running_simulator("demo") as drone, drone.client() as http:
        assert (await http.get("/api/stream/octo/hello/4/1/4")).text == ": ping\n\nevent: error\ndata: eof\n\n"
        assert (await http.get("/api/stream/octo/hello/4/1/99")).json() == {"message": "sql: no rows in result set"}
        assert (await http.get("/api/stream/octo/hello/4/1/x")).status_code == 400


async def test_a_feed_pings_in_silence_and_hides_what_its_reader_may_not_see() -> None:
    async with (
        running_simulator("demo", socket=True) as drone,
        drone.client("") as guest,
        guest.stream("GET", "/api/stream", timeout=None) as answer,
    ):
        lines = answer.aiter_lines()
        assert await _lines(lines, ": ping") == [": ping"]
        await until_sleeping(drone.world)
        await drone.advance(30)
        assert await _lines(lines, ": ping") == [": ping"]
        async with drone.client() as http:
            await http.post("/api/repos/octo/payments/builds")
            await http.post("/api/repos/octo/hello/builds")
        await until_sleeping(drone.world)
        await drone.advance(3)
        message = (await _lines(lines, "data"))[-1]

    assert json.loads(message.removeprefix("data: "))["slug"] == "octo/hello"


async def test_a_repositorys_feed_tells_of_that_repository() -> None:
    async with (
        running_simulator("demo", socket=True) as drone,
        drone.client() as http,
        http.stream("GET", "/api/stream/octo/payments", timeout=None) as answer,
    ):
        lines = answer.aiter_lines()
        await _lines(lines, ": ping")
        await http.post("/api/repos/octo/hello/builds")
        await http.post("/api/repos/octo/payments/builds")
        await drone.advance(3)
        message = (await _lines(lines, "data"))[-1]

    assert json.loads(message.removeprefix("data: "))["build"]["number"] == 4


async def test_streams_end_with_the_server() -> None:
    async with running_simulator("demo", socket=True) as drone, drone.client() as http:
        stream = http.stream("GET", "/api/stream", timeout=None)
        answer = await stream.__aenter__()
        lines = answer.aiter_lines()
        await _lines(lines, ": ping")
        drone.world.hub.close()
        assert await _lines(lines, "data: eof") == ["event: error", "data: eof"]
        await stream.__aexit__(None, None, None)
        assert not drone.world.hub.feeds
