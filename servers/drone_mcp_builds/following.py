"""News of a build or of a repository's builds: from the store's feed, else from Drone's stream and by asking again.

Drone's stream does not tell everything (no creation, no cancel through the API, no approval) and drops what it has no
room for (Drone 2.25, handler/api/events and pubsub). So beside it the build is read again, now and then; without it,
more often at first and then less and less.
"""

from __future__ import annotations

import logging
import math
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import anyio

from ci_mcp_kit.background import BackgroundTask
from drone_mcp_client.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from anyio.streams.memory import MemoryObjectSendStream

    from drone_mcp_build.access import DroneAccess
    from drone_mcp_client.models import Build
    from drone_mcp_known.known import Known
    from drone_mcp_state import BuildStateStore, Changes

    Pause = Callable[[float], Awaitable[None]]

logger = logging.getLogger(__name__)

LOOK_SECONDS: Final = 15.0  # how long the store's feed is believed in before its health is looked at again
SETTLE_SECONDS: Final = 2.0  # until the stream is open for sure: what happened before is then read
BACK_OFF: Final = (2.0, 3.0, 5.0, 8.0, 10.0, 10.0, 15.0, 20.0, 30.0)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is followed: one build, or all of a repository; beside the stream, read again every `again` seconds."""

    repo: str
    number: int | None = None
    again: float = 10.0


class Follower:
    """Follows for as long as it is iterated. `pause` sleeps."""

    def __init__(self, access: DroneAccess, known: Known, pause: Pause) -> None:
        self._access = access
        self._known = known
        self._pause = pause

    async def follow(self, subject: Subject) -> AsyncGenerator[Build | None, None]:
        """Yield at once where that costs nothing, and whenever a build may have changed: it, or None to read it."""
        while True:
            async with aclosing(self._by_store(subject)) as news:
                async for _ in news:
                    yield None
            async with aclosing(self._by_drone(subject)) as told:
                async for build in told:
                    yield build

    async def _by_store(self, subject: Subject) -> AsyncGenerator[None, None]:
        """Yield while the webhooks are alive; nothing is asked of Drone."""
        if not await self._known.feed_is_alive():
            return
        cursor = await self._known.state.ask(lambda store: store.cursor())
        yield
        while cursor is not None and await self._known.feed_is_alive():
            found = await self._known.state.ask(_next_change(subject, cursor))
            cursor = None if found is None else found.cursor
            if found:
                yield

    async def _by_drone(self, subject: Subject) -> AsyncGenerator[Build | None, None]:
        """Yield until the webhooks are back, or it is time to try the stream anew."""
        tell, heard = anyio.create_memory_object_stream["Build | None"](math.inf)
        streaming = BackgroundTask(self._stream, subject, tell)
        ticking = BackgroundTask(self._tick, subject.again, streaming, tell)
        try:
            while not (ticking.is_done and heard.statistics().current_buffer_used == 0):
                yield await heard.receive()
                if await self._known.feed_is_alive():
                    return
        finally:
            await streaming.stop()
            await ticking.stop()
            tell.close()
            heard.close()

    async def _stream(self, subject: Subject, tell: MemoryObjectSendStream[Build | None]) -> None:
        drone = await self._access.client()
        try:
            async with aclosing(drone.feed(subject.repo)) as feed:
                async for repo in feed:
                    if repo.build is not None and subject.number in {None, repo.build.number}:
                        tell.send_nowait(repo.build)
        except ServiceError as error:
            logger.info("Asking again and again instead of listening: %s", error)

    async def _tick(self, again: float, streaming: BackgroundTask, tell: MemoryObjectSendStream[Build | None]) -> None:
        await self._pause(SETTLE_SECONDS)
        tell.send_nowait(None)
        while not streaming.is_done:
            await self._pause(again)
            tell.send_nowait(None)
        for seconds in BACK_OFF:
            await self._pause(seconds)
            tell.send_nowait(None)


def _next_change(subject: Subject, cursor: str) -> Callable[[BuildStateStore], Awaitable[Changes]]:
    return lambda store: store.wait(subject.repo, subject.number, cursor, LOOK_SECONDS)
