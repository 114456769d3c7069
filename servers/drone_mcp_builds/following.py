"""News of a build or of a repository's builds: from the store's feed, else from Drone's stream and by asking again.

Drone's stream does not tell everything (no creation, no cancel through the API, no approval) and drops what it has no
room for (Drone 2.25, handler/api/events and pubsub). So beside it the build is read again, now and then; without it,
more often at first and then less and less.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from drone_mcp_client.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine

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
        heard: asyncio.Queue[Build | None] = asyncio.Queue()
        streaming = asyncio.create_task(self._stream(subject, heard))
        ticking = asyncio.create_task(self._tick(subject.again, streaming, heard))
        try:
            while not (ticking.done() and heard.empty()):
                yield await heard.get()
                if await self._known.feed_is_alive():
                    return
        finally:
            await stop(streaming, ticking)

    async def _stream(self, subject: Subject, heard: asyncio.Queue[Build | None]) -> None:
        drone = await self._access.client()
        try:
            async with aclosing(drone.feed(subject.repo)) as feed:
                async for repo in feed:
                    if repo.build is not None and subject.number in {None, repo.build.number}:
                        heard.put_nowait(repo.build)
        except ServiceError as error:
            logger.info("Asking again and again instead of listening: %s", error)

    async def _tick(self, again: float, streaming: asyncio.Task[None], heard: asyncio.Queue[Build | None]) -> None:
        await self._pause(SETTLE_SECONDS)
        heard.put_nowait(None)
        while not streaming.done():
            await self._pause(again)
            heard.put_nowait(None)
        for seconds in BACK_OFF:
            await self._pause(seconds)
            heard.put_nowait(None)


def _next_change(subject: Subject, cursor: str) -> Callable[[BuildStateStore], Awaitable[Changes]]:
    return lambda store: store.wait(subject.repo, subject.number, cursor, LOOK_SECONDS)


async def stop(*tasks: asyncio.Task[None]) -> None:
    """Cancel tasks and wait until they have ended, however they do."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def first_of(work: Coroutine[None, None, None], alarm: Awaitable[None]) -> None:
    """Run `work` until it ends or `alarm` does; raise what `work` raised."""
    tasks = [asyncio.ensure_future(work), asyncio.ensure_future(alarm)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if tasks[0].done():
            tasks[0].result()
    finally:
        await stop(*tasks)
