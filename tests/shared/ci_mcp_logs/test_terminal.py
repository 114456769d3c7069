from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.sanitize import sanitize
from ci_mcp_logs.terminal import terminal_lines

# What logs are made of, and what breaks naive readers of them.
ESCAPES = ["\x1b[31m", "\x1b[0m", "\x1b[2K", "\x1b]0;title\x07", "\x1b]8;;http://x", "\x1b", "\x1bP", "\x9b1m"]
CONTROLS = ["\t", "\r", "\x00", "\x08", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\u200b", "\u202e"]
PIECES = st.sampled_from(["text", " ", "é", "🙂", "\ud800", *ESCAPES, *CONTROLS])
RAW_LINES = st.lists(st.lists(PIECES, max_size=6).map("".join), max_size=8)


@given(RAW_LINES)
def test_there_is_one_line_for_every_line(raw: list[str]) -> None:
    assert len(terminal_lines(raw)) == len(raw)


@given(RAW_LINES)
def test_a_line_is_safe_and_holds_no_line_end(raw: list[str]) -> None:
    for line in terminal_lines(raw):
        assert "\n" not in line
        assert "\r" not in line
        assert sanitize(line) == line


@given(RAW_LINES)
def test_a_line_is_the_same_alone_and_among_others(raw: list[str]) -> None:
    assert terminal_lines(raw) == tuple(line for one in raw for line in terminal_lines([one]))


def test_of_a_progress_line_the_last_state_stays() -> None:
    raw = ["10%\r50%\r100% done", "loading\rready\r", "erased\r\x1b[2K", "\r\r", "red \x1b[31mtext\x1b[0m"]
    assert terminal_lines(raw) == ("100% done", "ready", "erased", "", "red text")


def test_other_line_ends_do_not_make_new_lines() -> None:
    assert terminal_lines(["a\x85b\u2028c\u2029d", "e"]) == ("a b c d", "e")


def test_a_private_key_goes_line_by_line_so_that_no_window_shows_half_of_one() -> None:
    raw = ["+ cat key", "-----BEGIN RSA PRIVATE KEY-----", "MIIEow", "IBAAKC", "-----END RSA PRIVATE KEY-----", "done"]
    assert terminal_lines(raw) == ("+ cat key", *["[redacted]"] * 4, "done")


def test_a_private_key_that_never_ends_does_not_hide_the_rest() -> None:
    raw = ["-----BEGIN PRIVATE KEY-----", *["x"] * 400, "the error"]
    assert terminal_lines(raw)[-1] == "the error"


@given(RAW_LINES)
def test_lines_that_were_shown_once_are_shown_alike(raw: list[str]) -> None:
    shown = terminal_lines(raw)
    assert terminal_lines(shown) == shown


def test_a_log_without_lines_has_none() -> None:
    assert terminal_lines([]) == ()
    assert terminal_lines([""]) == ("",)
