"""The frame around log lines, and the time stamps that it names once for all of them."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_logs.framing import framed, new_nonce
from ci_mcp_logs.log_text import LogText
from ci_mcp_logs.numbered_lines import Row, Writer, room_of
from ci_mcp_logs.timestamps import common_form, stamps_room

TIMES = [f"2026-05-01T12:00:0{second}.1234567Z" for second in range(4)]


def test_the_marks_of_two_frames_differ_and_are_eight_hexadecimal_digits() -> None:
    one, other = new_nonce(), new_nonce()
    assert one != other
    assert re.fullmatch(r"[0-9a-f]{8}", one)


@given(st.lists(st.text("ab <>", max_size=9).map(Row), max_size=9))
def test_a_frame_holds_its_lines_in_order_and_nothing_else(rows: list[Row]) -> None:
    lines = framed(rows, "0a1b2c3d").split("\n")
    assert lines == ["<<<log 0a1b2c3d", *(row.text for row in rows), "0a1b2c3d log>>>"]


def test_lines_of_another_form_keep_their_time() -> None:
    lines = (*(f"{time} x" for time in TIMES), "[12:00:07] y", "12:00:07 z")
    pen = Writer(LogText(lines, stamps=common_form(lines)), 1000, 100)
    assert [pen.line(index).text for index in (3, 4, 5)] == ["4~ x", "5| [12:00:07] y", "6| 12:00:07 z"]


TEXTS = st.lists(
    st.tuples(st.sampled_from(["", *TIMES, "12:00:01", "2026/05/01 12:00:01"]), st.text("ab 1:")), max_size=30
)


@given(TEXTS)
def test_nothing_but_the_stamp_is_left_out_and_its_place_is_told(parts: list[tuple[str, str]]) -> None:
    lines = tuple(f"{stamp} {text}" if stamp else text for stamp, text in parts)
    form = common_form(lines)
    pen = Writer(LogText(lines, stamps=form), 10_000, 1_000)
    for number, line in enumerate(lines, 1):
        stamp, text = pen.line(number - 1).stamp, pen.line(number - 1).text.lstrip()
        assert text == (f"{number}~ {line.removeprefix(stamp)[1:]}" if stamp else f"{number}| {line}")


@given(TEXTS)
def test_what_a_frame_says_of_times_has_its_room(parts: list[tuple[str, str]]) -> None:
    lines = tuple(f"{stamp} {text}" if stamp else text for stamp, text in parts)
    form = common_form(lines)
    pen = Writer(LogText(lines, stamps=form), 10_000, 1_000)
    rows = [pen.line(index) for index in range(len(lines))]
    told = framed(rows, "0a1b2c3d").partition("\n")[0]
    assert room_of(told) <= room_of("<<<log 0a1b2c3d") + stamps_room(form)
    assert told == "<<<log 0a1b2c3d" or form
