"""Event streams of workspaces (coder/coder v2.36.0, coderd/workspaces.go and httpapi.ServerSentEventSender)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from starlette.responses import StreamingResponse

from ci_mcp_simulator.clock import run_with_timeout
from coder_simulator.exports import export_workspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.responses import Response

    from coder_simulator.records import Workspace
    from coder_simulator.requests import Ask
    from coder_simulator.world import World

PING: Final = b"event: ping\n\n"
PING_EVERY: Final = 15.0  # seconds
HEADERS: Final = {
    "content-type": "text/event-stream",
    "cache-control": "no-cache",
    "connection": "keep-alive",
    "x-accel-buffering": "no",
}


def watch_workspace(ask: Ask) -> Response:
    """Stream a workspace: as it is now, and again whenever something in it changes."""
    return StreamingResponse(_write(ask.world, ask.workspace(include_deleted=True)), headers=HEADERS)


async def _write(world: World, workspace: Workspace) -> AsyncIterator[bytes]:
    yield PING
    while True:
        changed = workspace.changed  # taken before the state is read, so that no change is missed
        yield b"event: data\ndata: " + json.dumps(export_workspace(world, workspace)).encode() + b"\n\n"
        while not changed.is_set():
            try:
                await run_with_timeout(world.clock, changed.wait, PING_EVERY)
            except TimeoutError:
                yield PING
