from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.errors import InvalidInput
from ci_mcp_logs.cursors import Cursor
from ci_mcp_logs.line_budget import Span, Writer, width_for
from ci_mcp_logs.log_text import LogText
from ci_mcp_logs.windows import Window, pick_lines, range_of

TEXTS = st.builds(LogText, st.lists(st.text("ab", max_size=40), min_size=1, max_size=40).map(tuple))


@given(TEXTS, st.integers(0, 60))
def test_head_and_tail_are_as_many_lines_of_each_end_as_are_asked_for(text: LogText, count: int) -> None:
    total = len(text.lines)
    assert range_of(Window("head", count), text) == Span(0, min(count, total))
    assert range_of(Window("tail", count), text) == Span(max(0, total - count), total)
    assert range_of(Window(), text) == Span(0, total)


@given(TEXTS, st.integers(-5, 60))
def test_around_needs_a_line_that_the_log_has(text: LogText, line: int) -> None:
    if text.first <= line <= text.last:
        assert range_of(Window("around", line), text) == Span(0, len(text.lines))
    else:
        with pytest.raises(InvalidInput, match=f"There is no line {line}: the log has the lines 1 to {text.last}"):
            range_of(Window("around", line), text)


@given(TEXTS, st.integers(0, 60))
def test_the_lines_before_a_cursor_and_from_it_on_are_the_whole_log(text: LogText, line: int) -> None:
    onward = range_of(Window("cursor", cursor=Cursor((), line)), text)
    backward = range_of(Window("cursor", cursor=Cursor((), line - 1, back=True)), text)
    assert [*backward, *onward] == list(range(len(text.lines)))


@given(TEXTS, st.integers(40, 400), st.data())
def test_a_window_is_picked_from_the_side_that_is_asked_for(text: LogText, room: int, data: st.DataObject) -> None:
    writer = Writer(text, room, width_for(room, 2000))
    line = data.draw(st.integers(text.first, text.last))
    assert pick_lines(Window("head", 40), writer).start == 0
    assert pick_lines(Window("tail", 40), writer).stop == len(text.lines)
    assert pick_lines(Window(), writer).stop == len(text.lines)
    assert line - 1 in list(pick_lines(Window("around", line), writer))
    assert pick_lines(Window("cursor", cursor=Cursor((), line)), writer).start == line - 1
    assert pick_lines(Window("cursor", cursor=Cursor((), line, back=True)), writer).stop == line


def test_of_no_lines_none_are_picked() -> None:
    assert not len(pick_lines(Window("tail", 0), Writer(LogText(("a",)), 100, 100)))


def test_a_cursor_of_a_live_log_finds_its_line_in_the_stored_one_without_its_head() -> None:
    stored = LogText(("c", "d", "e"), first_pos=2)
    live = Cursor((1, 1, 1), line=4, pos=3)
    assert range_of(Window("cursor", cursor=live), stored) == Span(1, 3)


def test_a_cursor_of_a_live_log_finds_its_line_where_more_of_the_head_has_dropped_out() -> None:
    later = LogText(("d", "e", "f"), first_pos=7, running=True, starts=(7, 9, 10))
    assert range_of(Window("cursor", cursor=Cursor((), line=3, pos=9)), later) == Span(1, 3)
    assert range_of(Window("cursor", cursor=Cursor((), line=3, pos=9, back=True)), later) == Span(0, 2)
    assert range_of(Window("cursor", cursor=Cursor((), line=3, pos=2)), later) == Span(0, 3)
