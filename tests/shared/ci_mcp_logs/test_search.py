from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_logs.log_text import LogText
from ci_mcp_logs.search import PatternError, SearchResult, compile_pattern, search

LINES = st.lists(st.text(alphabet='abé日. "', max_size=12) | st.just("x" * 3000), max_size=40).map(tuple)
# Read alike by RE2 and by Python's engine.
PATTERNS = st.sampled_from(
    ["a", "^a", "b$", "a|b", "^$", "a*", "[^a]", "a.b", r"\.", "é日", "(a)(b)", "a{2,3}", "B", "", "x+"]
)


def found_in(
    lines: tuple[str, ...], pattern: str, *, context: int = 0, keep: int = 100, literal: bool = False, case: bool = True
) -> SearchResult:
    compiled = compile_pattern(pattern, literal=literal, ignore_case=not case)
    return search(compiled, LogText(lines), context=context, keep=keep, go_on=lambda: True)


@given(LINES, PATTERNS.filter(bool), st.booleans())
def test_the_lines_found_are_those_that_a_line_by_line_search_finds(
    lines: tuple[str, ...], pattern: str, case: bool
) -> None:
    expected = [n for n, line in enumerate(lines) if re.search(pattern, line, 0 if case else re.IGNORECASE)]
    found = found_in(lines, pattern, case=case)
    assert [match.index for match in found.matches] == expected
    assert found.count == len(expected)
    assert found.whole


@given(LINES, st.text(alphabet="abé.*( ", min_size=1, max_size=4))
def test_a_literal_pattern_is_taken_as_it_stands(lines: tuple[str, ...], text: str) -> None:
    found = found_in(lines, text, literal=True)
    assert [match.index for match in found.matches] == [n for n, line in enumerate(lines) if text in line]
    assert all(lines[match.index].startswith(text, match.focus) for match in found.matches)


@given(LINES, PATTERNS.filter(bool), st.integers(0, 5))
def test_all_matches_are_counted_and_the_first_are_kept_with_their_surroundings(
    lines: tuple[str, ...], pattern: str, keep: int
) -> None:
    found, every = found_in(lines, pattern, context=2, keep=keep), found_in(lines, pattern)
    assert found.count == every.count
    assert found.matches == every.matches[:keep]
    near = {n for match in found.matches for n in range(match.index - 2, match.index + 3) if 0 <= n < len(lines)}
    assert found.lines == {n: lines[n] for n in near}


def test_a_match_never_spans_lines() -> None:
    assert found_in(("foo", "bar"), r"foo\s*bar").count == 0
    assert found_in(("foo", "bar"), "(?s)foo.*bar").count == 0


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
    with pytest.raises(PatternError, match=reason) as refused:
        compile_pattern(pattern, literal=False, ignore_case=True)
    assert "RE2" in refused.value.advice or "Shorten" in refused.value.advice


@pytest.mark.parametrize("literal", [False, True])
def test_a_pattern_with_half_a_surrogate_pair_is_refused_as_that(literal: bool) -> None:
    with pytest.raises(PatternError, match="half a surrogate pair") as refused:
        compile_pattern("error \udcff", literal=literal, ignore_case=True)
    assert refused.value.advice == "Leave it out"


def test_a_search_stops_between_pieces_when_it_is_told_to_and_says_how_far_it_came() -> None:
    lines = ("needle " + "x" * 93,) * 10_000
    calls = iter([True, True, False])
    compiled = compile_pattern("needle", literal=True, ignore_case=False)
    found = search(compiled, LogText(lines), context=0, keep=1, go_on=lambda: next(calls))
    assert not found.whole
    assert 0 < found.searched < len(lines)
    assert found.count == found.searched
