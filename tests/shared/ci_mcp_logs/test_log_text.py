from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.sanitize import sanitize
from ci_mcp_logs.log_text import LogText, terminal_lines

LINES = st.lists(st.text("ab é日", max_size=8), max_size=12).map(tuple)


@given(LINES | st.integers(4090, 9000).map(lambda count: ("é",) * count))
def test_the_searchable_form_holds_every_line_with_its_end(lines: tuple[str, ...]) -> None:
    assert LogText(lines).data == "".join(f"{line}\n" for line in lines).encode()


@given(LINES, st.integers(0, 9000), st.booleans())
def test_lines_are_numbered_from_the_first_to_the_last(lines: tuple[str, ...], first_pos: int, running: bool) -> None:
    text = LogText(lines, first_pos=first_pos, running=running)
    assert len(range(text.first, text.last + 1)) == len(lines)
    assert text.head_lost == (first_pos > 0)


def test_a_log_without_lines_is_an_empty_text() -> None:
    text = LogText.from_raw(())
    assert (text.lines, text.first, text.last, text.size, text.head_lost, text.data) == ((), 1, 0, 0, False, b"")


def test_a_stored_log_without_its_head_counts_from_its_first_line() -> None:
    text = LogText.from_raw(("a", "b"), size=4, first_pos=700)
    assert (text.first, text.last, text.head_lost, text.size) == (1, 2, True, 4)


def test_raw_lines_are_read_as_a_terminal_shows_them_and_the_form_of_their_time_stamps_is_known() -> None:
    raw = [f"2026-05-01T12:00:0{n}Z \x1b[31mred\x1b[0m" for n in range(5)]
    text = LogText.from_raw(raw)
    assert text.lines[0] == "2026-05-01T12:00:00Z red"
    assert text.stamps == "--T::Z"
    assert text.with_stamps().stamps == ""


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


KEY = [
    "-----BEGIN RSA PRIV" + "ATE KEY-----",
    "MIIEowIBAAKCAQEA",
    "aB3dE6gH9jK2mN5p",
    "aB3d",
    "-----END RSA PRIV" + "ATE KEY-----",
]


def test_a_private_key_goes_line_by_line_so_that_no_window_shows_half_of_one() -> None:
    assert terminal_lines(["+ cat key", *KEY, "done"]) == (
        "+ cat key",
        "[redacted: 5 lines]",
        *["[redacted]"] * 4,
        "done",
    )


def test_a_line_that_mentions_a_key_hides_nothing() -> None:
    raw = [f"found {KEY[0]} in docs/howto.md", *(f"compiling file {n}" for n in range(280)), "error: the failure"]
    assert terminal_lines(raw) == tuple(raw)
    assert terminal_lines([*raw, KEY[-1]]) == (*raw, KEY[-1])


@given(st.lists(st.sampled_from(["error: it failed", "done", "  1 | x = 1", "make[1]: *** [all] Error 2", "OK"])))
def test_ordinary_lines_after_the_beginning_of_a_key_stay(after: list[str]) -> None:
    body = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6kM9oP2rS5uV8xY1zA4cD7fG0iL+/"
    for begun in ([KEY[0]], [KEY[0], body, body], [KEY[0], body, body, "aB3d=="], KEY):
        assert terminal_lines([*begun, *after])[len(begun) :] == tuple(after)


@given(RAW_LINES)
def test_lines_that_were_shown_once_are_shown_alike(raw: list[str]) -> None:
    shown = terminal_lines(raw)
    assert terminal_lines(shown) == shown


def test_a_log_without_lines_has_none() -> None:
    assert terminal_lines([]) == ()
    assert terminal_lines([""]) == ("",)


@given(
    st.sampled_from(
        ["\x1b]", "\x1b]0;", "\x1bP", "\x1bX", "\x1b^", "\x1b_", "\x9d", "\x90", "\x1b[", "\x1b", "\x1b[2K"]
    )
)
def test_an_escape_that_never_ends_hides_no_failure(begun: str) -> None:
    (line,) = terminal_lines([f"{begun} error: the build failed"])
    assert line.endswith("the build failed")
