"""Cron expressions of Drone: how they are read, when they are due, and how they are put into words."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_build.cron_schedule import describe_schedule, next_time, parse_schedule

NOW = int(datetime(2026, 11, 29, 12, 0, 0, tzinfo=UTC).timestamp())  # a Sunday
_LIMITS = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 6))


def _part(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    step = st.just("") | st.integers(1, high).map("/{}".format)
    ranges = st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}")
    return st.tuples(st.sampled_from("*?") | number.map(str) | ranges, step).map("".join)


def _field(low: int, high: int) -> st.SearchStrategy[str]:
    return st.lists(_part(low, high), min_size=1, max_size=3).map(",".join)


expressions = st.tuples(*(_field(*limits) for limits in _LIMITS)).map(" ".join)


def _matches(field: str, value: int, low: int, high: int) -> bool:
    """Decide for one value what `parse_schedule` decides for a set, by the grammar of robfig/cron's parser.go."""
    for part in field.split(","):
        body, _, step = part.partition("/")
        first, _, last = body.partition("-")
        if first in "*?":
            bottom, top = low, high
        else:
            bottom = int(first)
            top = int(last) if last else (high if step else bottom)
        if bottom <= value <= top and (value - bottom) % int(step or 1) == 0:
            return True
    return False


def _is_due(expression: str, at: int) -> bool:
    moment = datetime.fromtimestamp(at, UTC)
    values = (moment.second, moment.minute, moment.hour, moment.day, moment.month, moment.isoweekday() % 7)
    fields = expression.split()
    hits = [_matches(field, value, *limits) for field, value, limits in zip(fields, values, _LIMITS, strict=True)]
    starred = any(part[0] in "*?" for field in (fields[3], fields[5]) for part in field.split(","))
    day = hits[3] and hits[5] if starred else hits[3] or hits[5]
    return all(hits[:3]) and day and hits[4]


@given(expressions, st.integers(NOW, NOW + 10**8))
def test_every_run_is_due_and_the_runs_are_in_order(expression: str, after: int) -> None:
    runs = list(islice(parse_schedule(expression).runs(after), 5))
    assert all(_is_due(expression, run) for run in runs)
    assert runs == sorted(set(runs))
    assert all(run > after for run in runs)


@given(expressions, st.integers(NOW, NOW + 10**8), st.integers(1, 5000))
def test_no_time_before_the_next_run_is_due(expression: str, after: int, span: int) -> None:
    following = next(parse_schedule(expression).runs(after), None)
    until = min(following or after + span, after + span)
    assert not any(_is_due(expression, at) for at in range(after + 1, until))


@given(expressions)
def test_every_expression_has_words(expression: str) -> None:
    words = describe_schedule(parse_schedule(expression))
    assert words.startswith(("at ", "every "))
    assert not words.endswith(" ")


@given(st.text(max_size=60))
def test_no_text_is_read_by_accident(text: str) -> None:
    try:
        parse_schedule(text)
    except ValueError as error:
        assert str(error)  # noqa: PT017 - few of these texts are expressions, and those raise nothing


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("0 30 1 * * *", "at 01:30:00 every day"),
        ("0 0 9,17 * * MON-FRI", "at 09:00:00, 17:00:00 on Monday to Friday"),
        ("@weekly", "at 00:00:00 on Sunday"),
        ("@monthly", "at 00:00:00 on day 1 of the month"),
        ("@yearly", "at 00:00:00 on day 1 of the month in January"),
        ("@every 1h30m", "every 1 hour 30 minutes"),
        ("0 */15 * * * *", "at second 0 of minute 0, 15, 30, 45 of every hour, every day"),
        # A line of crontab for 02:30 every day: to Drone, at second 30 of minute 2 of each hour.
        ("30 2 * * *", "at second 30 of minute 2 of every hour, every day"),
        ("0 0 0 13 * 5", "at 00:00:00 on day 13 of the month or on Friday"),
        ("0 0 12 1 jun-aug ?", "at 12:00:00 on day 1 of the month in June to August"),
    ],
)
def test_words(expression: str, words: str) -> None:
    assert describe_schedule(parse_schedule(expression)) == words


@pytest.mark.parametrize(
    ("expression", "due"),
    [
        ("@daily", datetime(2026, 11, 30, tzinfo=UTC)),
        ("0 0 0 13 * 5", datetime(2026, 12, 4, tzinfo=UTC)),  # a Friday, before the next 13th
        ("0 0 0 29 2 *", datetime(2028, 2, 29, tzinfo=UTC)),
        ("@every 90m", datetime(2026, 11, 29, 13, 30, tzinfo=UTC)),
        ("59 59 23 31 DEC *", datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_the_next_run(expression: str, due: datetime) -> None:
    assert next_time(expression, NOW) == due.timestamp()


WRONG = (
    *("", "often", "* * * *", "60 * * * * *", "* * 24 * * *", "* * * 0 * *", "* * * * 13 *", "* * * * * 7"),
    *("5-1 * * * * *", "*/0 * * * * *", "1-2-3 * * * * *", "* * * * * SUNDAY", "0 0 0 30 2 *"),
    *("@every", "@every x", "@reboot", "0 " * 200),
)


@pytest.mark.parametrize("expression", WRONG)
def test_what_is_no_expression_is_refused_with_a_reason(expression: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        next_time(expression, NOW)
