"""Time that nobody waits for, for clients of an API."""

from __future__ import annotations

from dataclasses import dataclass, field

from ci_mcp_http import transport


@dataclass
class FakeClock:
    """Sleeps at once, and remembers for how long."""

    now: float = 1000.0
    pauses: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def functions(self) -> transport.Clock:
        # The jitter is always a half: the pauses are 0.25, 0.5, 1 … seconds.
        return transport.Clock(sleep=self.sleep, monotonic=lambda: self.now, time=lambda: self.now, jitter=lambda: 0.5)
