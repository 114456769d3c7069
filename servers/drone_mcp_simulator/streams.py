"""Who listens: the build feeds and the live logs of running steps."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

import anyio

from drone_mcp_simulator.output import LIVE_HISTORY, Line

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")

# Messages a slow reader of a feed may lag behind before the next ones are dropped (Drone 2.25, `pubsub/sub.go`).
FEED_BACKLOG = 100


class Channel(Generic[T]):
    """A bounded queue to one listener; what does not fit is lost without a word, as in Drone."""

    def __init__(self, backlog: int) -> None:
        self._sent, self._received = anyio.create_memory_object_stream[T](backlog)

    def put(self, message: T) -> None:
        """Hand over a message, or lose it."""
        with suppress(anyio.WouldBlock, anyio.ClosedResourceError, anyio.BrokenResourceError):
            self._sent.send_nowait(message)

    async def get(self) -> T | None:
        """Wait for the next message; None after the last one."""
        try:
            return await self._received.receive()
        except anyio.EndOfStream:
            return None

    def end(self) -> None:
        """Tell the listener that nothing more comes."""
        self._sent.close()

    def close(self) -> None:
        """Listen no more."""
        self._sent.close()
        self._received.close()


@dataclass(frozen=True)
class FeedMessage:
    """A change of a build as the feeds send it, and what decides who may see it."""

    slug: str
    visibility: str
    data: bytes


@dataclass
class LiveLog:
    """The stream of one running step. A cancelled step's stream is never closed: Drone forgets to."""

    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=LIVE_HISTORY))
    listeners: list[Channel[Line]] = field(default_factory=list)

    def write(self, lines: Iterable[Line]) -> None:
        """Keep the lines for late comers and pass them on."""
        for line in lines:
            self.lines.append(line)
            for listener in self.listeners:
                listener.put(line)

    def listen(self) -> Channel[Line]:
        """A channel that replays what there is and then follows."""
        channel: Channel[Line] = Channel(LIVE_HISTORY)
        for line in self.lines:
            channel.put(line)
        self.listeners.append(channel)
        return channel

    def close(self) -> None:
        """End the stream for all."""
        for listener in self.listeners:
            listener.end()


@dataclass
class Hub:
    """All streams of a server."""

    feeds: list[Channel[FeedMessage]] = field(default_factory=list)
    logs: dict[int, LiveLog] = field(default_factory=dict)  # by step id

    def publish(self, message: FeedMessage) -> None:
        """Send to every open feed; each picks what its reader may see."""
        for feed in self.feeds:
            feed.put(message)

    def subscribe(self) -> Channel[FeedMessage]:
        """Open a feed; there is no replay."""
        feed: Channel[FeedMessage] = Channel(FEED_BACKLOG)
        self.feeds.append(feed)
        return feed

    def close_log(self, step_id: int) -> None:
        """A step has ended."""
        if live := self.logs.pop(step_id, None):
            live.close()

    def close(self) -> None:
        """The server stops: end every stream."""
        for feed in self.feeds:
            feed.end()
        for step_id in list(self.logs):
            self.close_log(step_id)
