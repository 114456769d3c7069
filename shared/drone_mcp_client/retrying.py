"""When to try again, and after how long. Pure: time and chance come in as arguments."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from drone_mcp_client.errors import RateLimited, ServiceError, TimedOut, Unreachable

if TYPE_CHECKING:
    from drone_mcp_client.calls import Call

BUSY: Final = frozenset({502, 503, 504})  # a proxy's words; a 500 is Drone's own and stays


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently. Pauses are exponential with full jitter: anything from 0 to the ceiling.

    Attributes:
        retries: how many attempts may follow the first.
        base: the first pause's ceiling in seconds; it doubles each time.
        longest: the ceiling's own ceiling.
    """

    retries: int = 2
    base: float = 0.5
    longest: float = 8.0

    def ceiling(self, retry: int) -> float:
        """The longest pause before the given retry, counted from 0."""
        return min(self.longest, self.base * 2.0 ** min(retry, 32))

    def pause(self, retry: int, error: ServiceError, *, left: float, chance: float) -> float | None:
        """How long to wait before the given retry, None to give up.

        `left` is what remains of the deadline, `chance` a random number from 0 up to 1. A server that asks for
        more patience than is left is not asked again.
        """
        if retry >= self.retries:
            return None
        asked = error.details.get("retry_after")
        pause = self.ceiling(retry) * chance
        if isinstance(asked, int | float):
            pause += asked
        return pause if pause < left else None


def may_repeat(call: Call[Any], error: ServiceError) -> bool:
    """Whether this failed call may be sent again without anyone being asked."""
    passing = isinstance(error, Unreachable | TimedOut | RateLimited) or error.status in BUSY
    return call.idempotent and passing and error.retryable


def retry_after(value: str | None, *, now: float) -> float | None:
    """Read a Retry-After header, seconds or an HTTP date, as seconds from `now` (Unix time); None if it is neither."""
    if not value:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return float(math.ceil(max(0.0, date.timestamp() - now)))
