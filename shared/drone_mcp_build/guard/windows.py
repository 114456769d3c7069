"""Reads the hours in which production may be changed: `Mon-Fri/09:00-17:00/Europe/Berlin`. Pure, standard library only.

The days are those on which a window begins, so that `Fri/22:00-02:00/UTC` ends on Saturday.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import NamedTuple

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(r"([A-Za-z]{3})(?:-([A-Za-z]{3}))?/(\d\d:\d\d)-(\d\d:\d\d)/([A-Za-z0-9_+/-]{1,60})", re.ASCII)


class Window(NamedTuple):
    """Hours on some days of the week (0 is Monday) in a time zone; they end on the next day if `ends` is not later."""

    days: frozenset[int]
    begins: time
    ends: time
    zone: tzinfo


def parse_window(text: str) -> Window:
    """Read a window.

    Raises:
        ValueError: it is none, or this machine does not know the time zone.
    """
    found = _WINDOW.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is not a window like Mon-Fri/09:00-17:00/Europe/Berlin")
    first, last, begins, ends, zone = found.groups()
    start, end = DAYS.index(first.lower()), DAYS.index((last or first).lower())
    days = frozenset((start + more) % 7 for more in range((end - start) % 7 + 1))
    return Window(days, time.fromisoformat(begins), time.fromisoformat(ends), read_zone(zone))


def read_zone(name: str) -> tzinfo:
    """Return a time zone by its name.

    Raises:
        ValueError: this machine does not know it.
    """
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - few processes have windows

    if name == "UTC":  # also where the machine has no database of time zones
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(f"this machine knows no time zone {name!r}") from error


def is_open(window: Window, at: float) -> bool:
    """Return whether a Unix time is within a window; its end is not."""
    now = datetime.fromtimestamp(at, window.zone)
    today, yesterday = now.weekday(), (now - timedelta(days=1)).weekday()
    clock = now.time()
    if window.begins < window.ends:
        return today in window.days and window.begins <= clock < window.ends
    return (today in window.days and clock >= window.begins) or (yesterday in window.days and clock < window.ends)
