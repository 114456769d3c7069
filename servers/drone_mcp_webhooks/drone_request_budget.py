"""A limit on the requests sent to Drone per minute."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from drone_mcp_client.errors import RateLimited

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_mcp_http.call import Call

MINUTE = 60.0


class RequestLimitReached(RateLimited):
    """The limit for this minute is reached; the request was not sent."""

    default_next_step = "Wait for the next minute"


class RequestLimit:
    """At most `per_minute` requests in any sixty seconds, counted when each one is sent."""

    def __init__(self, per_minute: int, now: Callable[[], float]) -> None:
        self._per_minute = per_minute
        self._now = now
        self._spent: deque[float] = deque()

    @property
    def left(self) -> int:
        """The number of requests that may be sent now."""
        now = self._now()
        while self._spent and self._spent[0] <= now - MINUTE:
            self._spent.popleft()
        return self._per_minute - len(self._spent)

    def admit(self, call: Call[Any]) -> None:
        """Count a call, or raise `RequestLimitReached`. Being the client's gate, it is called before every attempt."""
        if self.left <= 0:
            raise RequestLimitReached(
                f"the budget of {self._per_minute} requests a minute is spent before {call.operation}"
            )
        # Counted when it is sent and not when it succeeds: for Drone a failed request is a request.
        self._spent.append(self._now())
