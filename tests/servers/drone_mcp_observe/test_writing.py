"""Sparklines and spans of time, for any numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_observe.durations import count, format_duration, parse_duration
from drone_mcp_observe.sparkline import WIDTH, draw_over_time, sparkline

values = st.floats(-1e12, 1e12)


@pytest.mark.parametrize(
    ("series", "drawn"),
    [
        ([], ""),
        ([None, None], ""),
        ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"),
        ([5, None, 10], "▁·█"),
        ([3, 3, 3], "▄▄▄"),
        ([0, 0], "▁▁"),
    ],
)
def test_a_series_is_drawn_from_its_lowest_to_its_highest_value(series: list[float | None], drawn: str) -> None:
    assert sparkline(series) == drawn


@given(st.lists(st.none() | values))
def test_a_higher_value_never_has_a_lower_bar(series: list[float | None]) -> None:
    drawn = sparkline(series)
    pairs = sorted((value, bar) for value, bar in zip(series, drawn, strict=False) if value is not None)
    assert [bar for _, bar in pairs] == sorted(bar for _, bar in pairs)
    assert len(drawn) == (len(series) if any(value is not None for value in series) else 0)


@given(st.lists(st.tuples(st.floats(0, 100), values), min_size=1))
def test_points_over_time_make_one_line_of_a_fixed_width(points: list[tuple[float, float]]) -> None:
    assert len(draw_over_time(points, 0, 100, max)) == WIDTH


@given(st.integers(1, 365 * 86_400))
def test_a_span_is_read_as_it_is_written_in_rules(seconds: int) -> None:
    assert parse_duration(f"{min(seconds, 999_999)}s") == min(seconds, 999_999)
    assert len(format_duration(seconds)) <= 13


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (-5, "0 s"),
        (45, "45 s"),
        (200, "3 min 20 s"),
        (18_600, "5 h 10 min"),
        (273_600, "3 d 4 h"),
        (3_600, "1 h"),
    ],
)
def test_a_span_is_written_in_its_two_largest_units(seconds: int, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize("text", ["", "5", "m", "-1h", "1.5h", "1w", "0s", "366d", "٣h", "5 m"])
def test_what_is_no_span_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="90s, 30m, 6h or 2d"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("number", "word", "text"),
    [(0, "build", "0 builds"), (1, "build", "1 build"), (2, "more repository", "2 more repositories")],
)
def test_a_count_agrees_with_its_word(number: int, word: str, text: str) -> None:
    assert count(number, word) == text
