from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_client.errors import InvalidInput
from drone_mcp_client.models import Stage, Step
from drone_mcp_logs.findings import Findings, Limits, StepFound, compose_findings
from drone_mcp_logs.lines import LogText
from drone_mcp_logs.pages import size_of
from drone_mcp_logs.search import Found, compile_pattern, scan, show
from drone_mcp_logs.steps import Place
from drone_mcp_logs.windows import GAP, LEAST_ROOM, Row, room_of_all, width_for
from support.log_agent import numbered

LINES = st.lists(st.text(alphabet='abé日. "', max_size=12) | st.just("x" * 3000), max_size=40).map(tuple)
# Read alike by RE2 and by Python's engine.
PATTERNS = st.sampled_from(
    ["a", "^a", "b$", "a|b", "^$", "a*", "[^a]", "a.b", r"\.", "é日", "(a)(b)", "a{2,3}", "B", "", "x+"]
)


def found_in(
    lines: tuple[str, ...], pattern: str, *, context: int = 0, keep: int = 100, literal: bool = False, case: bool = True
) -> Found:
    compiled = compile_pattern(pattern, literal=literal, ignore_case=not case)
    return scan(compiled, LogText(lines), context=context, keep=keep, go_on=lambda: True)


@given(LINES, PATTERNS.filter(bool), st.booleans())
def test_the_lines_found_are_those_that_a_line_by_line_search_finds(
    lines: tuple[str, ...], pattern: str, case: bool
) -> None:
    expected = [n for n, line in enumerate(lines) if re.search(pattern, line, 0 if case else re.IGNORECASE)]
    found = found_in(lines, pattern, case=case)
    assert [hit.index for hit in found.hits] == expected
    assert found.matches == len(expected)
    assert found.whole


@given(LINES, st.text(alphabet="abé.*( ", min_size=1, max_size=4))
def test_a_literal_pattern_is_taken_as_it_stands(lines: tuple[str, ...], text: str) -> None:
    found = found_in(lines, text, literal=True)
    assert [hit.index for hit in found.hits] == [n for n, line in enumerate(lines) if text in line]
    assert all(lines[hit.index].startswith(text, hit.focus) for hit in found.hits)


@given(LINES, PATTERNS.filter(bool), st.integers(0, 5))
def test_all_matches_are_counted_and_the_first_are_kept_with_their_surroundings(
    lines: tuple[str, ...], pattern: str, keep: int
) -> None:
    found, every = found_in(lines, pattern, context=2, keep=keep), found_in(lines, pattern)
    assert found.matches == every.matches
    assert found.hits == every.hits[:keep]
    near = {n for hit in found.hits for n in range(hit.index - 2, hit.index + 3) if 0 <= n < len(lines)}
    assert found.lines == {n: lines[n] for n in near}


@given(LINES, PATTERNS.filter(bool), st.integers(0, 4), st.integers(LEAST_ROOM, 2000))
def test_what_is_shown_fits_and_is_marked_and_merged(
    lines: tuple[str, ...], pattern: str, context: int, room: int
) -> None:
    found = found_in(lines, pattern, context=context)
    rows, shown = show(found, hits=100, context=context, room=room, widest=width_for(room, 2000))
    assert room_of_all(rows) <= room
    assert bool(shown) == bool(found.matches)
    hits = {hit.index + 1 for hit in found.hits}
    parsed = numbered("\n".join(["<<<log 0a1b2c3d", *(row.text for row in rows), "0a1b2c3d log>>>"]))
    numbers = [number for number, _, _ in parsed]
    assert numbers == sorted(set(numbers))
    assert all((mark == ">") == (number in hits) for number, mark, _ in parsed)
    assert rows.count(GAP) == sum(after > before + 1 for before, after in pairwise(numbers))


@given(
    st.lists(st.tuples(LINES, st.sampled_from(["test", "long-" * 40])), max_size=8),
    PATTERNS.filter(bool),
    st.builds(Limits, st.integers(0, 10), st.integers(1, 100), st.integers(200, 20_000) | st.just(200)),
)
def test_an_answer_keeps_to_its_limits_and_counts_honestly(
    logs: list[tuple[tuple[str, ...], str]], pattern: str, limits: Limits
) -> None:
    steps = [
        StepFound(
            Place(Stage(number=1, name="build", status="failure"), Step(number=n + 1, name=name, status="failure")),
            found_in(lines, pattern, context=limits.context, keep=limits.max_matches),
            "it still runs: searched what it printed so far",
        )
        for n, (lines, name) in enumerate(logs)
    ]
    hits = tuple(step for step in steps if step.found.matches)
    findings = Findings(
        "octo/hello", 7, "failure", "0a1b2c3d", hits, len(steps), ("1/9 deploy: skipped, it has no log",) * 9, (),
        "read on", "narrow the pattern",
    )  # fmt: skip
    view = compose_findings(findings, limits)
    assert size_of(view) <= limits.token_budget
    assert view.matches == sum(step.found.matches for step in steps)
    assert view.shown == sum(result.shown for result in view.results) <= limits.max_matches
    assert bool(view.shown) == bool(view.matches)
    for result in view.results:
        shown = numbered(result.log) if result.log else []
        assert result.shown <= sum(mark == ">" for _, mark, _ in shown) <= result.matches


def test_a_match_never_spans_lines() -> None:
    assert found_in(("foo", "bar"), r"foo\s*bar").matches == 0
    assert found_in(("foo", "bar"), "(?s)foo.*bar").matches == 0


def test_a_match_far_to_the_right_is_shown_and_not_cut_away() -> None:
    line = "é" * 5000 + " the needle " + "y" * 5000
    rows, shown = show(found_in((line,), "needle"), hits=1, context=0, room=2000, widest=500)
    assert shown == 1
    assert "needle" in rows[0].text
    assert "chars+]…" in rows[0].text
    assert rows[0].text.endswith(" chars]")


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(?=x)", r"invalid perl operator: \(\?="),
        ("(?<!x)y", "invalid"),
        (r"(a)\1", "invalid escape sequence"),
        ("a)(b", r"unexpected \)"),
        ("(", r"missing \)"),
        ("x{1001}", "invalid repetition size"),
        (r"((\pL{1000}){1000}){1000}", "invalid repetition size|too large"),
        ("x" * 501, "501 characters"),
        ("", "0 characters"),
    ],
)
def test_a_pattern_that_the_engine_cannot_take_is_refused_with_the_reason(pattern: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason) as refused:
        compile_pattern(pattern, literal=False, ignore_case=True)
    assert "RE2" in refused.value.next_step or "Shorten" in refused.value.next_step


def test_a_search_stops_between_pieces_when_it_is_told_to_and_says_how_far_it_came() -> None:
    lines = ("needle " + "x" * 93,) * 10_000
    calls = iter([True, True, False])
    compiled = compile_pattern("needle", literal=True, ignore_case=False)
    found = scan(compiled, LogText(lines), context=0, keep=1, go_on=lambda: next(calls))
    assert not found.whole
    assert 0 < found.searched < len(lines)
    assert found.matches == found.searched


def test_numbers_of_a_live_log_without_its_beginning_go_on_from_there() -> None:
    text = LogText(("a", "needle"), first_pos=7000, running=True, starts=(7000, 7001))
    compiled = compile_pattern("needle", literal=True, ignore_case=True)
    found = scan(compiled, text, context=1, keep=5, go_on=lambda: True)
    assert show(found, hits=5, context=1, room=500, widest=100) == ([Row("7001| a"), Row("7002> needle")], 1)
