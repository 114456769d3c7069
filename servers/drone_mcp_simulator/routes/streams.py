"""Event streams (harness/drone v2.25.0, `handler/api/events`). Their normal end is `event: error` with `data: eof`.

The format is server-sent events (WHATWG HTML standard, section 9.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import StreamingResponse

from ci_mcp_simulator.clock import run_with_timeout
from drone_mcp_simulator import gojson
from drone_mcp_simulator.permissions import AccessLevel
from drone_mcp_simulator.routing import RequestContext, route

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.responses import Response

    from drone_mcp_simulator.streams import FeedMessage, LiveLog

PING = b": ping\n\n"
EOF = b"event: error\ndata: eof\n\n"
# A ping is sent after this many seconds without a message.
PING_EVERY = 30.0
HEADERS = {
    "content-type": "text/event-stream",
    "cache-control": "no-cache",
    "connection": "keep-alive",
    "x-accel-buffering": "no",
}


async def stream_all(ctx: RequestContext) -> Response:
    """Stream the changes of all builds that the caller may read, by the permissions when the stream opened."""
    mine = {repo.slug for repo in ctx.world.list_repos(ctx.user)} if ctx.user else set()
    open_to_caller = {"public", "internal"} if ctx.user else {"public"}

    def may_read(message: FeedMessage) -> bool:
        return message.slug in mine or message.visibility in open_to_caller

    return StreamingResponse(_write_feed(ctx, may_read), headers=HEADERS)


async def stream_repo(ctx: RequestContext) -> Response:
    """Stream the changes of one repository's builds."""
    slug = ctx.repo.slug
    return StreamingResponse(_write_feed(ctx, lambda message: message.slug == slug), headers=HEADERS)


async def _write_feed(ctx: RequestContext, may_read: Callable[[FeedMessage], bool]) -> AsyncIterator[bytes]:
    hub = ctx.world.hub
    channel = hub.subscribe()
    try:
        yield PING
        while True:
            try:
                message = await run_with_timeout(ctx.world.clock, channel.get, PING_EVERY)
            except TimeoutError:
                yield PING
                continue
            if message is None:
                break
            if may_read(message):
                # Two line ends, as for every event: Go's `encoding/json` adds the first (Encoder.Encode).
                yield b"data: " + message.data + b"\n"
        yield EOF
    finally:
        hub.feeds.remove(channel)
        channel.close()


async def stream_log(ctx: RequestContext) -> Response:
    """Stream the live log of a running step; for any other step, end at once."""
    step = ctx.world.find_step(ctx.repo, ctx.number("number"), ctx.number("stage"), ctx.number("step"))
    live = ctx.world.hub.logs.get(step.id)
    return StreamingResponse(_write_log(ctx, live) if live else _write_end(), headers=HEADERS)


async def _write_end() -> AsyncIterator[bytes]:
    yield PING + EOF


async def _write_log(ctx: RequestContext, live: LiveLog) -> AsyncIterator[bytes]:
    """Stream a live log; pings stay in Drone's buffer until the next line."""
    channel = live.listen()
    try:
        yield PING
        held_back = b""
        while True:
            try:
                line = await run_with_timeout(ctx.world.clock, channel.get, PING_EVERY)
            except TimeoutError:
                held_back += PING
                continue
            if line is None:
                break
            yield held_back + b"data: " + gojson.encode(line.to_json()) + b"\n\n"
            held_back = b""
        yield EOF
    finally:
        live.listeners.remove(channel)
        channel.close()


ROUTES = [
    route("GET", "/api/stream/", AccessLevel.GUEST, stream_all),
    route("GET", "/api/stream/{owner}/{name}", AccessLevel.READ, stream_repo),
    route("GET", "/api/stream/{owner}/{name}/{number}/{stage}/{step}", AccessLevel.READ, stream_log),
]
