"""Cron expressions as Drone parses them, with a leading field of seconds (robfig/cron)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

SHORTHANDS = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}
UNITS = {"h": 3600, "m": 60, "s": 1}
# second, minute, hour, day of month, month, day of week (0 is Sunday)
RANGES = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
# The search ends here, since a date such as 30 February never comes.
HORIZON_DAYS = 366 * 5


def next_time(expression: str, after: int) -> int:
    """Return the first matching time after `after`, in Unix seconds; raise ValueError for an invalid expression."""
    if match := re.fullmatch(r"@every ((?:\d+[hms])+)", expression):
        return after + sum(int(n) * UNITS[unit] for n, unit in re.findall(r"(\d+)([hms])", match[1]))
    fields = SHORTHANDS.get(expression, expression).split()
    if len(fields) == len(RANGES) - 1:
        fields.append("*")  # of five fields, the day of the week is missing, not the seconds
    if len(fields) != len(RANGES):
        raise ValueError(f"{expression!r} has {len(fields)} fields")
    allowed = [_parse_field(text, *bounds) for text, bounds in zip(fields, RANGES, strict=True)]
    return _find_next(allowed, datetime.fromtimestamp(after, UTC) + timedelta(seconds=1))


def _parse_field(text: str, low: int, high: int) -> list[int]:
    values: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"(?:[*?]|(\d+)(?:-(\d+))?)(?:/(\d+))?", part)
        if not match:
            raise ValueError(f"{part!r} is no cron field")
        first = int(match[1]) if match[1] else low
        last = int(match[2]) if match[2] else (first if match[1] and not match[3] else high)
        values.update(range(first, last + 1, int(match[3] or 1) or 1))
    if not values or min(values) < low or max(values) > high:
        raise ValueError(f"{text!r} is out of range")
    return sorted(values)


def _find_next(allowed: list[list[int]], start: datetime) -> int:
    seconds, minutes, hours, days, months, weekdays = allowed
    times = [(hour, minute, second) for hour in hours for minute in minutes for second in seconds]
    for offset in range(HORIZON_DAYS):
        day = start.date() + timedelta(days=offset)
        if day.month not in months or day.day not in days or day.isoweekday() % 7 not in weekdays:
            continue
        earliest = (start.hour, start.minute, start.second) if offset == 0 else (0, 0, 0)
        if found := next((time for time in times if time >= earliest), None):
            return int(datetime(day.year, day.month, day.day, *found, tzinfo=UTC).timestamp())
    raise ValueError("no such date")
