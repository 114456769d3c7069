from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.sanitize import sanitize
from drone_mcp_client.steplog import assemble
from drone_mcp_logs.common.plain_lines import plain_lines, stored_text

# What logs are made of, and what breaks naive readers of them.
ESCAPES = ["\x1b[31m", "\x1b[0m", "\x1b[2K", "\x1b]0;title\x07", "\x1b]8;;http://x", "\x1b", "\x1bP", "\x9b1m"]
CONTROLS = ["\t", "\r", "\x00", "\x08", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\u200b", "\u202e"]
PIECES = st.sampled_from(["text", " ", "é", "🙂", "\ud800", *ESCAPES, *CONTROLS])
RAW_LINES = st.lists(st.lists(PIECES, max_size=6).map("".join), max_size=8)


@given(RAW_LINES)
def test_there_is_one_plain_line_for_every_line(raw: list[str]) -> None:
    plain = plain_lines(raw)
    assert len(plain) == len(raw)


@given(RAW_LINES)
def test_a_plain_line_is_safe_and_holds_no_line_end(raw: list[str]) -> None:
    for line in plain_lines(raw):
        assert "\n" not in line
        assert "\r" not in line
        assert sanitize(line) == line


@given(RAW_LINES)
def test_a_line_is_the_same_alone_and_among_others(raw: list[str]) -> None:
    assert plain_lines(raw) == tuple(line for one in raw for line in plain_lines([one]))


def test_of_a_progress_line_the_last_state_stays() -> None:
    raw = ["10%\r50%\r100% done", "loading\rready\r", "erased\r\x1b[2K", "\r\r", "red \x1b[31mtext\x1b[0m"]
    assert plain_lines(raw) == ("100% done", "ready", "erased", "", "red text")


def test_other_line_ends_do_not_make_new_lines() -> None:
    assert plain_lines(["a\x85b\u2028c\u2029d", "e"]) == ("a b c d", "e")


def test_a_private_key_goes_line_by_line_so_that_no_window_shows_half_of_one() -> None:
    raw = ["+ cat key", "-----BEGIN RSA PRIVATE KEY-----", "MIIEow", "IBAAKC", "-----END RSA PRIVATE KEY-----", "done"]
    assert plain_lines(raw) == ("+ cat key", *["[redacted]"] * 4, "done")


def test_a_private_key_that_never_ends_does_not_hide_the_rest() -> None:
    raw = ["-----BEGIN PRIVATE KEY-----", *["x"] * 400, "the error"]
    assert plain_lines(raw)[-1] == "the error"


def test_a_log_without_lines_is_an_empty_text() -> None:
    text = stored_text(assemble([]))
    assert (text.lines, text.first, text.last, text.size, text.head_lost) == ((), 1, 0, 0, False)


def test_a_stored_log_without_its_head_counts_from_its_first_line() -> None:
    text = stored_text(assemble([(700, "a\n", 0), (701, "b\n", 0)]))
    assert (text.first, text.last, text.head_lost) == (1, 2, True)
