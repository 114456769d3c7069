"""Reports changes of a build or a repository's builds: from the store's feed or Drone's stream, and by polling.

The store omits what no webhook reports (approval, decline) and what a lost delivery reported. Drone's stream omits some
changes (creation, cancellation through the API, approval) and drops events when a subscriber is slow (harness/drone
v2.25.0, handler/api/events and pubsub). So the build is also polled at a fixed interval. Without either it is polled
often at first and then less and less.
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

LOOK_SECONDS: Final = 15.0  # of one question to the store for the next change
SETTLE_SECONDS: Final = 2.0  # until the stream is certainly open; a poll then finds the changes before it
# Seconds between polls without a stream. Their sum, 103 s, is the time until the stream is tried again.
BACK_OFF: Final = (2.0, 3.0, 5.0, 8.0, 10.0, 10.0, 15.0, 20.0, 30.0)


@dataclass(frozen=True, slots=True)
class Subject:
    """The followed build, or all builds of a repository; polled every `again` seconds all the same."""

    repo: str
    number: int | None = None
    again: float = 10.0


class Follower:
    """Follows a subject while it is iterated. `pause` sleeps."""

    def __init__(self, access: DroneAccess, known: Known, pause: Pause) -> None:
        self._access = access
        self._known = known
        self._pause = pause

    async def follow(self, subject: Subject) -> AsyncGenerator[Build | None, None]:
        """Yield a changed build, or None if the caller has to read it; with a live feed, also once at the start."""
        while True:
            async with aclosing(self._by_store(subject)) as news:
                async for _ in news:
                    yield None
            async with aclosing(self._by_drone(subject)) as events:
                async for build in events:
                    yield build

    async def _by_store(self, subject: Subject) -> AsyncGenerator[None, None]:
        """Yield at changes in the store, and at intervals, while the feed of webhooks is alive."""
        if not await self._known.feed_is_alive():
            return
        cursor = await self._known.state.ask(lambda store: store.cursor())
        yield  # what changed between the caller's last reading and this cursor would be missed otherwise
        if cursor is None:
            return
        send, receive = anyio.create_memory_object_stream[None](math.inf)
        listening = BackgroundTask(self._listen, subject, cursor, send)
        ticking = BackgroundTask(self._repeat, subject.again, send)
        try:
            # Where the store does not answer, Drone is followed until it does.
            while not listening.is_done:
                await receive.receive()
                yield
                # Only after a reading: where the feed has died, that was one of Drone, and nothing is missed.
                if not await self._known.feed_is_alive():
                    return
        finally:
            await listening.stop()
            await ticking.stop()
            send.close()
            receive.close()

    async def _listen(self, subject: Subject, cursor: str, send: MemoryObjectSendStream[None]) -> None:
        """Send for each change in the store; end, and send once more, where it does not answer."""

        def next_change(store: BuildStateStore) -> Awaitable[Changes]:
            return store.wait(subject.repo, subject.number, cursor, LOOK_SECONDS)

        while (found := await self._known.state.ask(next_change)) is not None:
            cursor = found.cursor
            if found:
                send.send_nowait(None)
        send.send_nowait(None)

    async def _repeat(self, seconds: float, send: MemoryObjectSendStream[None]) -> None:
        while True:
            await self._pause(seconds)
            send.send_nowait(None)

    async def _by_drone(self, subject: Subject) -> AsyncGenerator[Build | None, None]:
        """Yield until the feed of webhooks is alive, or the stream has to be opened again."""
        # Unbounded: with a limit, `send_nowait` would raise while the reader waits for Drone.
        send, receive = anyio.create_memory_object_stream["Build | None"](math.inf)
        streaming = BackgroundTask(self._stream, subject, send)
        ticking = BackgroundTask(self._tick, subject.again, streaming, send)
        try:
            # The ticks end last, and what they have sent is still delivered.
            while not (ticking.is_done and receive.statistics().current_buffer_used == 0):
                yield await receive.receive()
                if await self._known.feed_is_alive():
                    return
        finally:
            await streaming.stop()
            await ticking.stop()
            send.close()
            receive.close()

    async def _stream(self, subject: Subject, send: MemoryObjectSendStream[Build | None]) -> None:
        drone = await self._access.client()
        try:
            async with aclosing(drone.feed(subject.repo)) as feed:
                async for repo in feed:
                    if repo.build is not None and subject.number in {None, repo.build.number}:
                        send.send_nowait(repo.build)
        except ServiceError as error:
            logger.info("Asking again and again instead of listening: %s", error)

    async def _tick(self, again: float, streaming: BackgroundTask, send: MemoryObjectSendStream[Build | None]) -> None:
        await self._pause(SETTLE_SECONDS)
        send.send_nowait(None)
        # Polls while the stream is open, as that omits changes (see above); more often after it has ended.
        while not streaming.is_done:
            await self._pause(again)
            send.send_nowait(None)
        for seconds in BACK_OFF:
            await self._pause(seconds)
            send.send_nowait(None)
