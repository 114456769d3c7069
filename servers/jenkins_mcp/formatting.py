"""Formats times and durations of Jenkins, which are milliseconds, for answers. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from ci_mcp_kit.outgoing_text import cleaned

_LATEST: Final = 253_402_300_799_999  # the last moment of the year 9999, which is as far as datetime goes


def format_time(millis: int) -> str | None:
    """Write a time as ISO 8601 in UTC; None where Jenkins has not set it (0) or it is out of range."""
    if not 0 < millis <= _LATEST:
        return None
    return datetime.fromtimestamp(millis / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def whole_seconds(millis: int) -> int:
    """Return a duration in whole seconds, rounded, never negative."""
    return max(0, round(millis / 1000))


def write_value(value: str | bool | float) -> str:
    """Write the value of a parameter as a form takes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def show_parameter(name: str, value: str | bool | float) -> str:
    """Return the value of a parameter for an answer, redacted by its name as well as by its form."""
    return cleaned(f"{name}={write_value(value)}").removeprefix(f"{name}=")
