"""When to try again, and after how long. Pure: time and chance come in as arguments."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from ci_mcp_kit.errors import RateLimited, ServiceError, ServiceFailed, TimedOut, Unreachable

if TYPE_CHECKING:
    from ci_mcp_http.call import Call

# A gateway's statuses, which pass when the service is back (RFC 9110, sections 15.6.3 to 15.6.5). A 500 is the
# service's own fault, and another attempt would meet it again.
TRANSIENT_STATUSES: Final = frozenset({502, 503, 504})

REDIRECTS: Final = 300
SERVER_FAULTS: Final = 500
NOT_IMPLEMENTED: Final = 501
LONGEST_DELAY_DIGITS: Final = 9  # of Retry-After: more than thirty years, and no float is too small for it


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The number of retries and the pauses between them: exponential, with full jitter.

    Full jitter is a pause anywhere between 0 and a ceiling. Of the common ways it costs a service that comes back the
    fewest requests (Exponential Backoff And Jitter, AWS Architecture Blog, 2015).

    Attributes:
        retries: how many attempts may follow the first.
        base: the ceiling of the first pause in seconds; it doubles with each retry.
        longest: what the ceiling grows to.
    """

    retries: int = 2
    base: float = 0.5
    longest: float = 8.0

    def ceiling(self, retry: int) -> float:
        """Return the longest pause before a retry, counted from 0."""
        # Beyond 32 the power could only overflow: `longest` is reached long before.
        return min(self.longest, self.base * 2.0 ** min(retry, 32))

    def pause(self, retry: int, error: ServiceError, *, left: float, jitter: float) -> float | None:
        """Return the seconds to wait before a retry, None to give up.

        Args:
            retry: counted from 0.
            error: of the attempt before; its `details.retry_after` is added to the pause.
            left: seconds until the deadline. A pause that does not end before it is not begun.
            jitter: a random number from 0 up to 1.
        """
        if retry >= self.retries:
            return None
        pause = self.ceiling(retry) * jitter
        retry_after = error.details.get("retry_after")
        if isinstance(retry_after, int | float):
            # Added to the jitter and not in place of it: callers that got the same second would all come at once.
            pause += retry_after
        # A pause up to the deadline would only delay the error.
        return pause if pause < left else None


def may_retry(call: Call[Any], error: ServiceError) -> bool:
    """Return whether a failed call may be sent again without asking anyone."""
    is_transient = isinstance(error, Unreachable | TimedOut | RateLimited) or error.status in TRANSIENT_STATUSES
    return call.idempotent and is_transient and error.retryable


def mark_outcome_unknown(call: Call[Any], error: ServiceError) -> ServiceError:
    """Return the error of a call that may have been carried out, marked where that matters to its caller."""
    error.outcome_unknown = call.writes
    if not call.idempotent:
        error.retryable = False
        error.next_step = "It may have happened all the same: look at the newest state before calling again"
    return error


def leaves_outcome_open(error: ServiceFailed) -> bool:
    """Return whether a call may have been carried out although it was answered in this way.

    A success that cannot be read was one. A service may fail (5xx) after the change, but not for what it lacks (501).
    """
    status = error.status or 0
    return status < REDIRECTS or (status >= SERVER_FAULTS and status != NOT_IMPLEMENTED)


def parse_retry_after(value: str, *, now: float) -> float | None:
    """Return a Retry-After header as seconds from `now` (Unix time), None where it cannot be read.

    It holds seconds or an HTTP date (RFC 9110, section 10.2.3).
    """
    value = value.strip()
    # isdigit() alone is true for digits of other scripts, and for superscripts, which float() refuses.
    if value.isascii() and value.isdigit():
        return float(value[:LONGEST_DELAY_DIGITS])
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    if date.tzinfo is None:  # "-0000", by which RFC 5322 means UTC
        date = date.replace(tzinfo=UTC)
    return float(math.ceil(max(0.0, date.timestamp() - now)))
