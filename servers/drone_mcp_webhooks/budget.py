"""How many requests may go to Drone."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from drone_mcp_client.errors import RateLimited

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_mcp_http.call import Call

MINUTE = 60.0


class BudgetSpent(RateLimited):
    """No request is left for now; nothing was sent."""

    default_next_step = "Wait for the next minute"


class Budget:
    """At most `per_minute` requests in any sixty seconds, counted as each one leaves."""

    def __init__(self, per_minute: int, now: Callable[[], float]) -> None:
        self._per_minute = per_minute
        self._now = now
        self._spent: deque[float] = deque()

    @property
    def left(self) -> int:
        """How many requests may leave now."""
        now = self._now()
        while self._spent and self._spent[0] <= now - MINUTE:
            self._spent.popleft()
        return self._per_minute - len(self._spent)

    def gate(self, call: Call[Any]) -> None:
        """Let a call leave, or hold it back with `BudgetSpent`: the client asks before every attempt."""
        if self.left <= 0:
            raise BudgetSpent(f"the budget of {self._per_minute} requests a minute is spent before {call.operation}")
        self._spent.append(self._now())
