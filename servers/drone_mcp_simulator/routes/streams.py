"""Event streams (Drone 2.25, `handler/api/events`). They end with `event: error` and `data: eof`: the normal end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import StreamingResponse

from drone_mcp_simulator import gojson
from drone_mcp_simulator.clock import first_of
from drone_mcp_simulator.permissions import Need
from drone_mcp_simulator.routing import Ask, route

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.responses import Response

    from drone_mcp_simulator.streams import Channel, FeedMessage, LiveLog

PING = b": ping\n\n"
EOF = b"event: error\ndata: eof\n\n"
# Seconds of silence after which a ping is written.
PING_EVERY = 30.0
HEADERS = {
    "content-type": "text/event-stream",
    "cache-control": "no-cache",
    "connection": "keep-alive",
    "x-accel-buffering": "no",
}


async def everything(ask: Ask) -> Response:
    """Changes of every build that the caller might see, as far as known when the stream opened."""
    mine = {repo.slug for repo in ask.world.repos_of(ask.user)} if ask.user else set()
    open_to_caller = {"public", "internal"} if ask.user else {"public"}

    def shows(message: FeedMessage) -> bool:
        return message.slug in mine or message.visibility in open_to_caller

    return StreamingResponse(_feed(ask, shows), headers=HEADERS)


async def of_repo(ask: Ask) -> Response:
    """Changes of one repository's builds."""
    slug = ask.repo.slug
    return StreamingResponse(_feed(ask, lambda message: message.slug == slug), headers=HEADERS)


async def _feed(ask: Ask, shows: Callable[[FeedMessage], bool]) -> AsyncIterator[bytes]:
    hub = ask.world.hub
    channel = hub.subscribe()
    try:
        yield PING
        while True:
            try:
                message = await first_of(ask.world.clock, channel.get, PING_EVERY)
            except TimeoutError:
                yield PING
                continue
            if message is None:
                break
            if shows(message):
                yield b"data: " + message.data + b"\n"
        yield EOF
    finally:
        hub.feeds.remove(channel)
        channel.close()


async def of_step(ask: Ask) -> Response:
    """The live log of a running step; of any other the end at once."""
    step = ask.world.step(ask.repo, ask.number("number"), ask.number("stage"), ask.number("step"))
    live = ask.world.hub.logs.get(step.id)
    return StreamingResponse(_log(ask, live) if live else _nothing(), headers=HEADERS)


async def _nothing() -> AsyncIterator[bytes]:
    yield PING + EOF


async def _log(ask: Ask, live: LiveLog) -> AsyncIterator[bytes]:
    """Pings of a quiet step wait in Drone's buffer for the next line."""
    channel = live.listen()
    try:
        yield PING
        async for piece in _lines(ask, channel):
            yield piece
        yield EOF
    finally:
        live.listeners.remove(channel)
        channel.close()


async def _lines(ask: Ask, channel: Channel) -> AsyncIterator[bytes]:  # type: ignore[type-arg]
    held_back = b""
    while True:
        try:
            line = await first_of(ask.world.clock, channel.get, PING_EVERY)
        except TimeoutError:
            held_back += PING
            continue
        if line is None:
            return
        yield held_back + b"data: " + gojson.encode(line.to_json()) + b"\n\n"
        held_back = b""


ROUTES = [
    route("GET", "/api/stream/", Need.GUEST, everything),
    route("GET", "/api/stream/{owner}/{name}", Need.READ, of_repo),
    route("GET", "/api/stream/{owner}/{name}/{number}/{stage}/{step}", Need.READ, of_step),
]
