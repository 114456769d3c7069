"""Console logs as Jenkins sends them, against the recorded ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_http.response import Response
from ci_mcp_kit.errors import UnexpectedAnswer
from jenkins_mcp.client.console import is_multipart, read_multipart, read_progressive, strip_notes
from support.jenkins_captures import jenkins_capture

NOTE = "\x1b[8mha:////4AbCd+/=\x1b[0m"


def test_the_progressive_form_is_the_console_text_without_notes_and_with_plain_line_ends() -> None:
    part = read_progressive(jenkins_capture("log-progressive-done").response, 0)
    text = jenkins_capture("log-consoleText").response.body.decode("utf-8", "replace")
    assert part.text == text.replace("\r\n", "\n")
    assert part.is_complete
    assert part.start == 0


def test_offsets_count_stored_bytes_and_not_what_was_received() -> None:
    response = jenkins_capture("log-progressive-running").response
    part = read_progressive(response, 0)
    assert part.end < len(response.body)
    assert not part.is_complete


def test_a_start_beyond_the_end_is_told_to_be_the_whole_log() -> None:
    response = jenkins_capture("log-progressive-past").response
    part = read_progressive(response, 10_000_000)
    assert part.start == 0
    assert part.text.startswith("Started by user dev\nRunning as ")


def test_the_tail_says_where_it_is() -> None:
    response = jenkins_capture("log-stream-tail").response
    assert is_multipart(response)
    part = read_multipart(response)
    assert (part.start, part.end, part.is_complete) == (357, 545, True)
    assert part.text.startswith("[hello] $ /bin/sh -xe ")
    assert part.text.endswith("Finished: SUCCESS\n")
    assert "ha:" not in part.text


@pytest.mark.parametrize("name", ["log-stream-full", "log-stream-tail-big"])
def test_every_recorded_answer_of_two_parts_is_read(name: str) -> None:
    part = read_multipart(jenkins_capture(name).response)
    assert part.start is not None
    assert part.text
    assert part.end > part.start


@pytest.mark.parametrize(
    "response",
    [
        Response(status=200, headers={"content-type": "multipart/form-data"}, body=b"x"),
        Response(status=200, headers={"content-type": "multipart/form-data;boundary=b"}, body=b"--b--"),
        Response(
            status=200,
            headers={"content-type": "multipart/form-data;boundary=b"},
            body=b"--b\r\ncontent-disposition: form-data;name=meta\r\n\r\n[]\r\n--b--",
        ),
    ],
)
def test_an_answer_in_another_form_is_unexpected(response: Response) -> None:
    with pytest.raises(UnexpectedAnswer):
        read_multipart(response)
    with pytest.raises(UnexpectedAnswer):
        read_progressive(response, 0)


@given(
    st.lists(st.sampled_from(["a line\n", "x \x1b[31mred\x1b[0m\n", NOTE, "ha:abc\n"]), max_size=8), st.integers(0, 200)
)
def test_a_part_that_begins_or_ends_within_a_note_shows_nothing_of_it(pieces: list[str], at: int) -> None:
    stored = "".join(pieces)
    for part in (stored[at:], stored[: len(stored) - at]):
        stripped = strip_notes(part, is_part=True)
        assert "4AbCd" not in stripped.replace("ha:abc", "")


def test_colours_are_no_notes() -> None:
    assert strip_notes("\x1b[31mred\x1b[0m\n") == "\x1b[31mred\x1b[0m\n"
