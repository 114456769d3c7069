from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_logs.line_budget import GAP, LEAST_ROOM, Row, room_of_all, width_for
from ci_mcp_logs.log_text import LogText
from ci_mcp_logs.match_rendering import write_matches
from ci_mcp_logs.search import SearchResult, compile_pattern, search
from support.agent import numbered

LINES = st.lists(st.text(alphabet='abé日. "', max_size=12) | st.just("x" * 3000), max_size=40).map(tuple)
PATTERNS = st.sampled_from(["a", "^a", "b$", "a|b", "^$", "a*", "[^a]", "a.b", r"\.", "é日", "B", "x+"])


def found_in(lines: tuple[str, ...], pattern: str, *, context: int = 0, keep: int = 100) -> SearchResult:
    compiled = compile_pattern(pattern, literal=False, ignore_case=False)
    return search(compiled, LogText(lines), context=context, keep=keep, go_on=lambda: True)


@given(LINES, PATTERNS, st.integers(0, 4), st.integers(LEAST_ROOM, 2000))
def test_what_is_shown_fits_and_is_marked_and_merged(
    lines: tuple[str, ...], pattern: str, context: int, room: int
) -> None:
    found = found_in(lines, pattern, context=context)
    rows, shown = write_matches(found, most=100, context=context, room=room, widest=width_for(room, 2000))
    assert room_of_all(rows) <= room
    assert bool(shown) == bool(found.count)
    hits = {match.index + 1 for match in found.matches}
    parsed = numbered("\n".join(["<<<log 0a1b2c3d", *(row.text for row in rows), "0a1b2c3d log>>>"]))
    numbers = [number for number, _, _ in parsed]
    assert numbers == sorted(set(numbers))
    assert all((mark == ">") == (number in hits) for number, mark, _ in parsed)
    assert rows.count(GAP) == sum(after > before + 1 for before, after in pairwise(numbers))


def test_a_match_far_to_the_right_is_shown_and_not_cut_away() -> None:
    line = "é" * 5000 + " the needle " + "y" * 5000
    rows, shown = write_matches(found_in((line,), "needle"), most=1, context=0, room=2000, widest=500)
    assert shown == 1
    assert "needle" in rows[0].text
    assert "chars+]…" in rows[0].text
    assert rows[0].text.endswith(" chars]")


def test_numbers_of_a_live_log_without_its_beginning_go_on_from_there() -> None:
    text = LogText(("a", "needle"), first_pos=7000, running=True, starts=(7000, 7001))
    compiled = compile_pattern("needle", literal=True, ignore_case=True)
    found = search(compiled, text, context=1, keep=5, go_on=lambda: True)
    assert write_matches(found, most=5, context=1, room=500, widest=100) == ([Row("7001| a"), Row("7002> needle")], 1)
