"""The event streams: build feeds and live logs of running steps."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

import anyio

from drone_mcp_simulator.runner_log import LIVE_HISTORY, Line

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")

# Queued messages per reader of a feed before further ones are dropped (harness/drone v2.25.0, `pubsub/sub.go`).
FEED_BACKLOG = 100


class Channel(Generic[T]):
    """A bounded queue to one listener; messages beyond its size are dropped, as in Drone."""

    def __init__(self, backlog: int) -> None:
        self._sent, self._received = anyio.create_memory_object_stream[T](backlog)

    def put(self, message: T) -> None:
        """Queue a message, or drop it if the queue is full or closed."""
        with suppress(anyio.WouldBlock, anyio.ClosedResourceError, anyio.BrokenResourceError):
            self._sent.send_nowait(message)

    async def get(self) -> T | None:
        """Return the next message; None after the last."""
        try:
            return await self._received.receive()
        except anyio.EndOfStream:
            return None

    def end(self) -> None:
        """End the queue; the listener still gets the messages in it."""
        self._sent.close()

    def close(self) -> None:
        """Close both ends."""
        self._sent.close()
        self._received.close()


@dataclass(frozen=True)
class FeedMessage:
    """A changed build as the feeds send it, with the repository's slug and visibility for access checks."""

    slug: str
    visibility: str
    data: bytes


@dataclass
class LiveLog:
    """The stream of one running step. The stream of a cancelled step is never closed, as in Drone."""

    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=LIVE_HISTORY))
    listeners: list[Channel[Line]] = field(default_factory=list)

    def write(self, lines: Iterable[Line]) -> None:
        """Send the lines to all listeners and keep them for later ones."""
        for line in lines:
            self.lines.append(line)
            for listener in self.listeners:
                listener.put(line)

    def listen(self) -> Channel[Line]:
        """Open a channel that replays the lines so far and then follows."""
        channel: Channel[Line] = Channel(LIVE_HISTORY)
        for line in self.lines:
            channel.put(line)
        self.listeners.append(channel)
        return channel

    def close(self) -> None:
        """End the stream for all listeners."""
        for listener in self.listeners:
            listener.end()


@dataclass
class Hub:
    """All streams of a server."""

    feeds: list[Channel[FeedMessage]] = field(default_factory=list)
    logs: dict[int, LiveLog] = field(default_factory=dict)  # by step id

    def publish(self, message: FeedMessage) -> None:
        """Send to every open feed; each filters by its reader's access."""
        for feed in self.feeds:
            feed.put(message)

    def subscribe(self) -> Channel[FeedMessage]:
        """Open a feed, without a replay of past messages."""
        feed: Channel[FeedMessage] = Channel(FEED_BACKLOG)
        self.feeds.append(feed)
        return feed

    def close_log(self, step_id: int) -> None:
        """Close the live log of a finished step."""
        if live := self.logs.pop(step_id, None):
            live.close()

    def close(self) -> None:
        """End every stream."""
        for feed in self.feeds:
            feed.end()
        for step_id in list(self.logs):
            self.close_log(step_id)
