"""Formats times and durations of Jenkins, which are milliseconds, for answers. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

_LATEST: Final = 253_402_300_799_999  # the last moment of the year 9999, which is as far as datetime goes


def format_time(millis: int) -> str | None:
    """Write a time as ISO 8601 in UTC; None where Jenkins has not set it (0) or it is out of range."""
    if not 0 < millis <= _LATEST:
        return None
    return datetime.fromtimestamp(millis / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def whole_seconds(millis: int) -> int:
    """Return a duration in whole seconds, rounded, never negative."""
    return max(0, round(millis / 1000))
