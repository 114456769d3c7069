from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_logs.log_text import LogText

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
