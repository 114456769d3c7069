from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_http.sse import ServerEvent
from ci_mcp_kit.errors import AnswerTooLarge
from ci_mcp_logs.cursors import Cursor
from ci_mcp_logs.windows import Window, range_of
from drone_mcp_client.calls import log_stream
from drone_mcp_client.log_stream import LogTail
from drone_mcp_client.models import Line
from drone_mcp_client.steplog import from_lines
from drone_mcp_diagnosis import live_log
from drone_mcp_diagnosis.live_log import line_starts, live_text

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from ci_mcp_logs.line_budget import Span
    from ci_mcp_logs.log_text import LogText

ONE_LINE = st.sampled_from(["a", "b\n", "", "\n", "c\r", "dd\n"])
WRITES = st.lists(st.text(alphabet="ab\n\r", max_size=5), max_size=12)


def lines_of(outs: list[str], first_pos: int = 0) -> list[Line]:
    return [Line(pos=first_pos + index, out=out) for index, out in enumerate(outs)]


@given(WRITES, st.integers(0, 9000))
def test_every_line_of_a_live_log_has_the_position_of_the_write_that_began_it(outs: list[str], first: int) -> None:
    writes = lines_of(outs, first)
    starts, is_open = line_starts(writes)
    assert len(starts) == len(from_lines(writes).lines)
    assert starts == sorted(starts)
    assert is_open == (bool(starts) and not "".join(outs).endswith("\n"))
    # What a line's position says must hold: without the writes before it, that line comes first or goes on there.
    for line, start in enumerate(starts):
        before = "".join(outs[: start - first])
        assert before.count("\n") <= line <= (before + outs[start - first]).count("\n")


@given(WRITES)
def test_reading_goes_on_behind_the_last_write_or_at_the_line_without_an_end(outs: list[str]) -> None:
    text = live_text(lines_of(outs))
    line, pos = text.resume
    if outs and not "".join(outs).endswith("\n") and text.lines:
        assert (line, pos) == (len(text.lines), text.starts[-1])
    else:
        assert (line, pos) == (len(text.lines) + 1, len(outs))


def read_on(first: LogText, later: LogText) -> Span:
    line, pos = first.resume
    return range_of(Window("cursor", cursor=Cursor((1, 1, 1), line, back=False, pos=pos)), later)


@given(WRITES, WRITES)
def test_reading_twice_shows_every_finished_line_once(outs: list[str], later: list[str]) -> None:
    first, whole = live_text(lines_of(outs)), live_text(lines_of(outs + later))
    finished = first.lines[: first.resume[0] - 1]
    assert finished + whole.lines[read_on(first, whole).start :] == whole.lines


@given(st.lists(ONE_LINE, min_size=1, max_size=30), st.integers(1, 20), st.integers(1, 20))
def test_reading_goes_on_in_the_right_place_when_the_beginning_drops_out(outs: list[str], kept: int, read: int) -> None:
    """Drone replays the newest writes only, here `kept`; the one who reads has seen the first `read` of them all."""
    writes = lines_of(outs)
    first = live_text(writes[:read])
    later = live_text(writes[max(0, len(writes) - kept) :])
    missed = max(0, len(writes) - kept) > first.resume[1]
    shown = later.lines[read_on(first, later).start :]
    whole = live_text(writes).lines
    assert missed or first.lines[: first.resume[0] - 1] + shown == whole


def test_a_replay_that_begins_in_the_middle_counts_from_its_position() -> None:
    text = live_text(lines_of(["a\n", "b\n"], 7000))
    assert (text.first, text.last, text.head_lost, text.running) == (7001, 7002, True, True)


async def test_small_writes_count_with_the_room_that_they_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_log, "MOST_HELD", 100 * live_log.WRITE_OVERHEAD)

    async def endless() -> AsyncGenerator[ServerEvent, None]:
        while True:
            yield ServerEvent("message", '{"pos": 0, "out": "", "time": 0}')

    tail = LogTail(log_stream("octo/hello", 1, 1, 1), endless())
    with pytest.raises(AnswerTooLarge, match="The live log takes more than"):
        await live_log.collect(tail, live_log.Pace(), live_log.LiveRequest())
