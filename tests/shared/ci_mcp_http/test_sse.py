from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_http.sse import EventParser, ServerEvent
from ci_mcp_kit.errors import AnswerTooLarge
from support.captures import transcript

TRANSCRIPTS = ["log_normal", "log_finished_step", "log_cancelled_no_eof", "global_feed"]


def events(*chunks: bytes, largest: int = 1000) -> list[ServerEvent]:
    parser = EventParser(largest=largest)
    return [event for chunk in chunks for event in parser.feed(chunk)]


@pytest.mark.parametrize("name", TRANSCRIPTS)
@given(data=st.data())
def test_events_do_not_depend_on_how_the_network_cuts_the_bytes(name: str, data: st.DataObject) -> None:
    content = transcript(name)[-3000:]
    places = data.draw(st.lists(st.integers(0, len(content)), max_size=20).map(sorted))
    ends = [0, *places, len(content)]
    chunks = [content[start:end] for start, end in pairwise(ends)]
    assert events(*chunks, largest=10**6) == events(content, largest=10**6)


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_line_ends_of_another_make_change_nothing(name: str) -> None:
    content = transcript(name)
    assert events(content.replace(b"\n", b"\r\n"), largest=10**6) == events(content, largest=10**6)


def test_pings_and_extra_newlines_are_no_events() -> None:
    assert events(b": ping\n\n\n\n:\n\n") == []


def test_an_event_is_what_its_lines_say() -> None:
    assert events(b"data: a\ndata:b\nid: 3\nretry: 5\nnonsense\n\n") == [ServerEvent("message", "a\nb")]


def test_an_event_without_data_leaves_no_name_behind() -> None:
    assert events(b"event: error\n\ndata: x\n\n") == [ServerEvent("message", "x")]


def test_lines_end_as_the_standard_says() -> None:
    whole = [ServerEvent("x", "a\nb")]
    assert events(b"event: x\rdata: a\r\ndata: b\n\r\n") == whole
    assert events(b"event: x\r", b"\ndata: a\r", b"data: b\n", b"\n") == whole


def test_a_byte_order_mark_belongs_to_no_line() -> None:
    assert events(b"\xef\xbb\xbfdata: a\n\n") == [ServerEvent("message", "a")]


def test_an_event_that_is_not_whole_is_not_reported() -> None:
    assert events(b"data: a\n") == []


def test_bytes_that_are_no_text_do_not_stop_the_stream() -> None:
    assert events(b"data: \xff\n\n") == [ServerEvent("message", "\ufffd")]


@pytest.mark.parametrize("chunks", [[b"x" * 600] * 2, [b"data: " + b"x" * 300 + b"\n"] * 4], ids=["line", "event"])
def test_an_event_without_end_is_cut_off(chunks: list[bytes]) -> None:
    with pytest.raises(AnswerTooLarge):
        events(*chunks)


def test_many_events_in_one_piece_are_not_one_large_event() -> None:
    assert len(events(b"data: 0123456789\n\n" * 500)) == 500
