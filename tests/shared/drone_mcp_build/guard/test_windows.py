"""The hours in which production may be changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from drone_mcp_build.guard.windows import is_open, parse_window

BERLIN = "Mon-Fri/09:00-17:00/Europe/Berlin"


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("window", "time", "opens"),
    [
        (BERLIN, "2026-11-23T08:00+00:00", True),  # Monday, 09:00 in winter
        (BERLIN, "2026-11-23T07:59+00:00", False),
        (BERLIN, "2026-11-23T16:00+00:00", False),  # the end is not within
        (BERLIN, "2026-07-20T07:00+00:00", True),  # Monday, 09:00 in summer
        (BERLIN, "2026-11-22T10:00+00:00", False),  # Sunday
        ("Fri/22:00-02:00/UTC", "2026-11-28T01:59+00:00", True),  # Saturday, from Friday on
        ("Fri/22:00-02:00/UTC", "2026-11-27T01:59+00:00", False),  # Friday, before it
        ("Sat-Mon/00:00-00:00/UTC", "2026-11-22T10:00+00:00", True),  # a whole day, over the end of the week
        ("Sat-Mon/00:00-00:00/UTC", "2026-11-25T10:00+00:00", False),
    ],
)
def test_a_window_is_open_in_its_hours_and_zone(window: str, time: str, opens: bool) -> None:
    assert is_open(parse_window(window), at(time)) is opens


def test_every_hour_of_a_week_is_within_exactly_one_of_two_windows_that_share_it() -> None:
    first, second = parse_window("Mon-Sun/06:00-18:00/UTC"), parse_window("Mon-Sun/18:00-06:00/UTC")
    begin = datetime(2026, 11, 23, tzinfo=UTC)
    for hour in range(7 * 24):
        now = (begin + timedelta(hours=hour)).timestamp()
        assert is_open(first, now) is not is_open(second, now)
