"""What the worlds of all simulators have: a clock, a timeline, faults, and a record of requests."""

from __future__ import annotations

import hashlib
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel

from ci_mcp_simulator.clock import ManualClock
from ci_mcp_simulator.event_queue import Timeline
from ci_mcp_simulator.faults import Faults

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ci_mcp_simulator.clock import Clock


@dataclass
class RecordedRequest:
    """One request that reached a simulator, without its credentials.

    Attributes:
        user: whose credentials were sent; None for a guest.
        status: of the response; 0: there was none.
        sent: bytes of the response's body.
    """

    method: str
    path: str
    query: str
    user: str | None = None
    status: int = 0
    sent: int = 0
    has_cookie: bool = False


@dataclass
class SimulatedWorld:
    """The state of a simulated service. There are no globals, so a test may use several worlds."""

    clock: Clock = field(default_factory=ManualClock)
    faults: Faults = field(default_factory=Faults)
    requests: list[RecordedRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.timeline = Timeline(self.clock)

    def now(self) -> float:
        """Return the Unix time in seconds."""
        return self.timeline.now()

    async def settle(self) -> None:
        """Let the effects of an event reach others, before the next one is played."""
        await anyio.lowlevel.checkpoint()

    async def advance(self, seconds: float) -> None:
        """Advance a manual clock and play the events due on the way."""
        if not isinstance(self.clock, ManualClock):
            raise TypeError("only a manual clock can be advanced")
        until = self.clock.now() + seconds
        while (due := self.timeline.next_due()) is not None and due <= until:
            self.clock.set(due)
            self.timeline.step(due)
            await self.settle()
        self.clock.set(until)
        await anyio.lowlevel.checkpoint()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Play the timeline during the block. With a manual clock, only `advance` plays it."""
        async with anyio.create_task_group() as group:
            if not isinstance(self.clock, ManualClock):
                group.start_soon(self.timeline.play, self.settle)
            try:
                yield
            finally:
                group.cancel_scope.cancel()

    def derive_hex(self, *purpose: object) -> str:
        """Return 32 hexadecimal digits that depend on `purpose` only, so that they are the same in every run."""
        return hashlib.sha256("/".join(map(str, purpose)).encode()).hexdigest()[:32]
