from __future__ import annotations

from itertools import product
from string import ascii_lowercase

from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_logs.comparison import Comparison
from ci_mcp_logs.line_budget import LEAST_ROOM, room_of_all, width_for
from ci_mcp_logs.log_text import LogText
from support.agent import numbered

WORDS = ["alpha", "beta", "gamma delta", "error: boom", "took s", ""]
LINES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=30)


@given(LINES, LINES.filter(any))
def test_the_new_lines_are_those_that_the_other_log_lacks(lines: list[str], others: list[str]) -> None:
    comparison = Comparison.of(LogText.from_raw(lines), LogText.from_raw(others))
    assert comparison.new == [number for number, line in enumerate(lines, 1) if line not in others]


@given(LINES, LINES.filter(any), st.integers(0, 9))
def test_lines_that_differ_in_numbers_only_are_not_new(lines: list[str], others: list[str], digit: int) -> None:
    one = Comparison.of(LogText.from_raw(lines), LogText.from_raw(others))
    again = Comparison.of(LogText.from_raw([f"{digit}{line}" for line in lines]), LogText.from_raw(others))
    assert one.new == again.new


@given(LINES, LINES, st.integers(LEAST_ROOM, 600))
def test_written_new_lines_fit_their_room_and_all_are_written_where_they_fit(
    lines: list[str], others: list[str], room: int
) -> None:
    comparison = Comparison.of(LogText.from_raw(lines), LogText.from_raw(others))
    rows = comparison.write(1, room, width_for(room, 2000))
    assert room_of_all(rows) <= room
    every = comparison.write(1, 1 << 20, 2000)
    assert room_of_all(every) > room or rows == every
    shown = numbered("\n".join(["<<<log 0a1b2c3d", *(row.text for row in every), "0a1b2c3d log>>>"]))
    assert [number for number, _, _ in shown] == comparison.new


def test_a_log_like_the_other_has_no_new_lines() -> None:
    text = LogText.from_raw(["a", "b"])
    assert Comparison.of(text, text).write(1, 1000, 100) == []


def test_where_new_lines_do_not_fit_the_most_telling_ones_are_written() -> None:
    quiet = [f"copying {first}{second}" for first, second in product(ascii_lowercase, repeat=2)]
    comparison = Comparison.of(LogText.from_raw([*quiet, "error: disk full", *quiet]), LogText.from_raw(["ready"]))
    rows = comparison.write(1, 600, width_for(600, 2000))
    assert room_of_all(rows) <= 600
    assert "error: disk full" in "".join(row.text for row in rows)
