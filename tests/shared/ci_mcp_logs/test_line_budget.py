from __future__ import annotations

import json
import re

from hypothesis import assume, example, given
from hypothesis import strategies as st

from ci_mcp_kit.token_count import count_tokens
from ci_mcp_logs.ci_markup import common_form, stamps_room
from ci_mcp_logs.line_budget import (
    LEAST_ROOM,
    Row,
    Span,
    Writer,
    cut,
    first_lines,
    framed,
    last_lines,
    lines_around,
    need,
    new_nonce,
    room_of,
    share,
    width_for,
)
from ci_mcp_logs.log_text import LogText

LINES = st.lists(
    st.text(alphabet='ab "\\\té日', max_size=30) | st.sampled_from(["", "x" * 5000, '"' * 900]), max_size=40
)
ROOMS = st.integers(LEAST_ROOM, 3000)


@given(st.integers(0, 10_000), st.lists(st.integers(0, 3000), max_size=12))
def test_sharing_gives_no_more_than_there_is_and_than_is_needed(room: int, needs: list[int]) -> None:
    shares = share(room, needs)
    assert sum(shares) <= room
    assert all(0 <= part <= wish for part, wish in zip(shares, needs, strict=True))


@given(st.integers(0, 10_000), st.lists(st.integers(0, 3000), min_size=1, max_size=12))
def test_who_gets_less_than_needed_gets_no_less_than_anyone_else(room: int, needs: list[int]) -> None:
    shares = share(room, needs)
    starved = [part for part, wish in zip(shares, needs, strict=True) if part < wish]
    # To the character: what does not divide evenly goes to the last.
    assert all(max(shares) - part <= len(needs) for part in starved)
    if starved:
        assert room - sum(shares) == 0


@given(LINES, ROOMS, st.data())
@example(["x" * 5000] * 3, LEAST_ROOM, None)
def test_a_window_is_as_large_as_its_room_allows_and_never_empty(
    lines: list[str], room: int, data: st.DataObject | None
) -> None:
    assume(lines)
    pen = Writer(LogText(tuple(lines)), room, width_for(room, 2000))
    center = data.draw(st.integers(0, len(lines) - 1)) if data else 1
    whole = Span(0, len(lines))
    last, first, around = last_lines(pen, whole), first_lines(pen, whole), lines_around(pen, center)
    for span in (last, first, around):
        assert span
        assert sum(pen.cost(index) for index in span) <= room
    assert last.stop == len(lines)
    assert first.start == 0
    assert around.start <= center < around.stop
    if last.start:
        assert sum(pen.cost(index) for index in Span(last.start - 1, last.stop)) > room
    if first.stop < len(lines):
        assert sum(pen.cost(index) for index in Span(0, first.stop + 1)) > room
    for grown in (Span(around.start - 1, around.stop), Span(around.start, around.stop + 1)):
        if grown.start >= 0 and grown.stop <= len(lines):
            assert sum(pen.cost(index) for index in grown) > room


@given(LINES, ROOMS)
def test_need_tells_what_a_span_takes_or_that_it_is_more_than_the_room(lines: list[str], room: int) -> None:
    pen = Writer(LogText(tuple(lines)), room, width_for(room, 2000))
    whole = Span(0, len(lines))
    price = sum(pen.cost(index) for index in whole)
    assert need(pen, whole) == price if price <= room else need(pen, whole) > room


@given(st.text(alphabet='ab "\\\té日🙂', max_size=50))
def test_the_room_of_a_line_is_that_of_its_json_form(line: str) -> None:
    assert room_of(line) == count_tokens(json.dumps(f"{line}\n", ensure_ascii=False)[1:-1])


@given(st.text(min_size=1, max_size=200), st.integers(1, 100), st.integers(0, 300))
def test_a_cut_line_tells_how_much_is_left_out(line: str, widest: int, focus: int) -> None:
    shown = cut(line, widest, focus)
    if len(line) <= widest:
        assert shown == line
        return
    start = max(0, min(focus - widest // 4, len(line) - widest))
    before = f"[{start} chars+]…" if start else ""
    left = len(line) - start - widest
    assert shown == before + line[start : start + widest] + (f"…[+{left} chars]" if left else "")
    if focus < len(line):
        assert start <= focus < start + widest


def test_a_secret_goes_before_its_line_is_cut() -> None:
    token = "ghp_" + "a1B2" * 9
    text = LogText((f"{'x' * 10} {token} {'y' * 200}",))
    pen = Writer(text, LEAST_ROOM, width_for(LEAST_ROOM, 200))
    assert "ghp_" not in pen.line(0).text
    assert "[redacte" in pen.line(0).text


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
