"""The live log of a running step."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Self

from ci_mcp_http.sse import SILENCE
from ci_mcp_kit.errors import Unreachable
from drone_mcp_client.errors import DRONE
from drone_mcp_client.responses import is_end, read_event

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from types import TracebackType

    from ci_mcp_http.call import Call
    from ci_mcp_http.sse import ServerEvent
    from drone_mcp_client.models import Line


class StreamEnd(Enum):
    """Why a live log ended. Neither says whether the step has finished: its status does."""

    EOF = "eof"
    """Drone ended it: the step finished, never ran, or does not run yet. The end of the text may be missing.

    Drone may notice the end of the step before it has sent the last lines (handler/api/events/logs.go).
    """
    QUIET = "quiet"
    """Nothing came for as long as the reader would wait. The step works silently, or its build was cancelled."""


class LogTail:
    """An asynchronous iterator over the writes of a step; `ended` says why it stopped, None while it has not.

    Drone never ends the stream of a step whose build is cancelled, and its pings do not arrive while a step is silent,
    because they are written but not flushed (drone/drone v2.25.0, handler/api/events/logs.go). So silence ends the
    iteration without an error: read the step's status, and follow again if it still runs. A new stream replays the
    newest 5,000 writes (livelog/stream.go); those with a known `Line.pos` are repetitions.

    Use it as `async with`, or call `aclose`, when leaving the loop early.
    """

    def __init__(self, call: Call[Line], events: AsyncGenerator[ServerEvent, None]) -> None:
        self.ended: StreamEnd | None = None
        self._call = call
        self._events = events

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Line:
        if self.ended:
            raise StopAsyncIteration
        event = await anext(self._events, None)
        # Drone announces the end of a log (`is_end`), so something else cut this one off.
        if event is None:
            raise Unreachable(f"The connection of {self._call.subject} ended before the log did", service=DRONE)
        if event is not SILENCE and not is_end(event):
            return read_event(self._call, event)
        self.ended = StreamEnd.QUIET if event is SILENCE else StreamEnd.EOF
        # A silent stream may never end by itself, and would hold its connection.
        await self.aclose()
        raise StopAsyncIteration

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Give the connection back."""
        await self._events.aclose()
