"""Formats the times of builds for answers. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

_LATEST_TIME = 253_402_300_799  # the last second of the year 9999, which is as far as datetime goes


def format_time(seconds: int) -> str | None:
    """Write a Unix time as ISO 8601 in UTC; None where Drone has not set it (0) or it is out of range."""
    if not 0 < seconds <= _LATEST_TIME:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
