"""The times of a scheduled job: reads Drone's cron expressions, finds the next runs and puts them into words. Pure.

Drone parses them with robfig/cron before its version 3, whose first field is for seconds (parser.go and spec.go there;
harness/drone v2.25.0, core/cron.go). So five fields are seconds, minutes, hours, day of the month and month.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTHANDS: Final = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}
LONGEST: Final = 200  # characters of an expression
LEAST_INTERVAL: Final = 1  # second, to which robfig/cron raises a shorter interval (constantdelay.go)

_WEEKDAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_UNITS: Final = {"h": 3600, "m": 60, "s": 1}
_DURATION: Final = re.compile(r"@every ((?:\d{1,9}[hms])+)", re.ASCII)
_RANGE: Final = re.compile(r"(?:[*?]|(\w{1,3})(?:-(\w{1,3}))?)(?:/(\d{1,3}))?", re.ASCII)
# The search ends here: spec.go gives up after five years, too, as 30 February never comes.
_HORIZON_DAYS: Final = 366 * 5


@dataclass(frozen=True, slots=True)
class _Kind:
    """One field of an expression: its values, and the names that they have."""

    low: int
    high: int
    names: tuple[str, ...] = ()

    def number(self, text: str) -> int:
        """Return the value of a number or a name.

        Raises:
            ValueError: it is neither.
        """
        short = [name[:3].lower() for name in self.names]
        return short.index(text.lower()) + self.low if text.lower() in short else int(text)


_KINDS: Final = (
    _Kind(0, 59),
    _Kind(0, 59),
    _Kind(0, 23),
    _Kind(1, 31),
    _Kind(1, 12, _MONTHS),
    _Kind(0, 6, _WEEKDAYS),
)


@dataclass(frozen=True, slots=True)
class Field:
    """The values of one field, in order, and whether it contains a star, which matters where two fields meet."""

    values: tuple[int, ...]
    star: bool


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a job runs: seconds, minutes, hours, days, months and weekdays (0 is Sunday), or an interval in seconds."""

    fields: tuple[Field, ...] = ()
    every: int = 0

    def runs(self, after: float) -> Iterator[int]:
        """Yield the Unix times after `after` at which it is due, for a server whose clock is set to UTC."""
        if self.every:
            while True:
                after = int(after) + self.every
                yield after
        start = datetime.fromtimestamp(int(after), UTC) + timedelta(seconds=1)
        seconds, minutes, hours = (field.values for field in self.fields[:3])
        for offset in range(_HORIZON_DAYS):
            day = start + timedelta(days=offset)
            if not self._has_day(day):
                continue
            first = (start.hour, start.minute, start.second) if offset == 0 else (0, 0, 0)
            for hour in hours:
                for minute in minutes:
                    for second in seconds:
                        if (hour, minute, second) >= first:
                            due = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=UTC)
                            yield int(due.timestamp())

    def _has_day(self, day: datetime) -> bool:
        days, months, weekdays = self.fields[3:]
        if day.month not in months.values:
            return False
        matches = (day.day in days.values, day.isoweekday() % 7 in weekdays.values)
        # Both are restricted: either will do (`dayMatches` in spec.go).
        return all(matches) if days.star or weekdays.star else any(matches)


def parse_schedule(expression: str) -> Schedule:
    """Read a cron expression as Drone does.

    Raises:
        ValueError: it is none, with the reason.
    """
    if len(expression) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} characters")
    if match := _DURATION.fullmatch(expression):
        seconds = sum(int(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+)([hms])", match[1]))
        return Schedule(every=max(seconds, LEAST_INTERVAL))
    texts = SHORTHANDS.get(expression, expression).split()
    if len(texts) == len(_KINDS) - 1:
        texts.append("*")  # of five fields, the day of the week is missing, not the seconds
    if len(texts) != len(_KINDS):
        raise ValueError(f"it has {len(texts)} fields, and takes 6: second minute hour day month weekday")
    return Schedule(tuple(_read_field(text, kind) for text, kind in zip(texts, _KINDS, strict=True)))


def _read_field(text: str, kind: _Kind) -> Field:
    values: set[int] = set()
    star = False
    for part in text.split(","):
        match = _RANGE.fullmatch(part)
        if not match:
            raise ValueError(f"{part!r} is no value, range or step")
        first = kind.number(match[1]) if match[1] else kind.low
        # A number with a step goes on to the end: 5/15 is 5, 20, 35, 50.
        open_end = kind.high if not match[1] or match[3] else first
        last = kind.number(match[2]) if match[2] else open_end
        step = int(match[3] or 1)
        if not kind.low <= first <= last <= kind.high or step < 1:
            raise ValueError(f"{part!r} is not within {kind.low} to {kind.high}")
        star |= not match[1]
        values.update(range(first, last + 1, step))
    return Field(tuple(sorted(values)), star)


def next_time(expression: str, after: int) -> int:
    """Return the first time after `after` at which a job is due, in Unix seconds.

    Raises:
        ValueError: the expression is none, or no such time comes.
    """
    due = next(parse_schedule(expression).runs(after), None)
    if due is None:
        raise ValueError("no such date comes within five years")
    return due


def describe_schedule(schedule: Schedule) -> str:
    """Put a schedule into words: "at 01:30:00 on Monday to Friday"."""
    if schedule.every:
        hours, rest = divmod(schedule.every, 3600)
        minutes, seconds = divmod(rest, 60)
        named = ((hours, "hour"), (minutes, "minute"), (seconds, "second"))
        return "every " + " ".join(f"{count} {unit}{'s' * (count != 1)}" for count, unit in named if count)
    days, months, weekdays = schedule.fields[3:]
    whole = [len(field.values) == kind.high - kind.low + 1 for field, kind in zip(schedule.fields, _KINDS, strict=True)]
    on_days = "" if whole[3] else f"on day {_list(days.values)} of the month"
    on_weekdays = "" if whole[5] else f"on {_list(weekdays.values, _WEEKDAYS)}"
    # `runs` decides by the stars, whatever the values are.
    joined = " or " if not days.star and not weekdays.star else " and "
    when = joined.join(part for part in (on_days, on_weekdays) if part) or "every day"
    if not days.star and not weekdays.star and (whole[3] or whole[5]):
        when = "every day"
    in_months = "" if whole[4] else f" in {_list([month - 1 for month in months.values], _MONTHS)}"
    return f"{_describe_times(schedule, whole)} {when}{in_months}"


def _describe_times(schedule: Schedule, whole: list[bool]) -> str:
    seconds, minutes, hours = (field.values for field in schedule.fields[:3])
    if len(seconds) == len(minutes) == 1 and not whole[2]:
        return "at " + ", ".join(f"{hour:02}:{minutes[0]:02}:{seconds[0]:02}" for hour in hours)
    parts = []
    for values, is_whole, unit in zip((seconds, minutes, hours), whole, ("second", "minute", "hour"), strict=False):
        parts.append(f"every {unit}" if is_whole else f"{unit} {_list(values)}")
    text = " of ".join(parts)
    return f"{text if whole[0] else f'at {text}'},"


def _list(values: tuple[int, ...] | list[int], names: tuple[str, ...] = ()) -> str:
    """Name values, those in a row of three or more as a range."""
    rows: list[list[int]] = []
    for value in values:
        if rows and value == rows[-1][-1] + 1:
            rows[-1].append(value)
        else:
            rows.append([value])
    shown = [part for row in rows for part in ([row] if len(row) > 2 else [[one] for one in row])]  # noqa: PLR2004 - three in a row
    words = [" to ".join(names[one] if names else str(one) for one in (row[0], row[-1])[: len(row)]) for row in shown]
    return ", ".join(words)
