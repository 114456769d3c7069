"""The time that a query of a running system is about. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ci_mcp_kit.errors import InvalidInput
from drone_mcp_observe.durations import parse_duration


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From `start` to `end` (Unix times)."""

    start: float
    end: float


def read_range(since: str, until: str | None, now: float) -> TimeRange:
    """Read how long ago a range begins and ends; without `until` it ends now.

    Raises:
        InvalidInput: one of them is no duration, or it would end before it begins.
    """
    start, end = (now - _read_ago(name, text) for name, text in (("since", since), ("until", until)))
    if end <= start:
        raise InvalidInput("until lies before since", next_step="Give a since that is longer ago than until")
    return TimeRange(start, end)


def _read_ago(name: str, text: str | None) -> int:
    if text is None:
        return 0
    try:
        return parse_duration(text)
    except ValueError as error:
        raise InvalidInput(f"{name} says how long ago: {error}") from None
