from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_logs.log_text import LogText
from ci_mcp_logs.search import Found, compile_pattern, scan
from drone_mcp_build.failed_steps import StepRef
from drone_mcp_client.models import Stage, Step
from drone_mcp_logs.common.numbered_lines import GAP, LEAST_ROOM, Row, room_of_all, width_for
from drone_mcp_logs.common.views import size_of
from drone_mcp_logs.search.answer import Findings, Limits, StepFound, compose_findings, show
from support.log_agent import numbered

LINES = st.lists(st.text(alphabet='abé日. "', max_size=12) | st.just("x" * 3000), max_size=40).map(tuple)
PATTERNS = st.sampled_from(["a", "^a", "b$", "a|b", "^$", "a*", "[^a]", "a.b", r"\.", "é日", "B", "x+"])


def found_in(lines: tuple[str, ...], pattern: str, *, context: int = 0, keep: int = 100) -> Found:
    compiled = compile_pattern(pattern, literal=False, ignore_case=False)
    return scan(compiled, LogText(lines), context=context, keep=keep, go_on=lambda: True)


@given(LINES, PATTERNS, st.integers(0, 4), st.integers(LEAST_ROOM, 2000))
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
    PATTERNS,
    st.builds(Limits, st.integers(0, 10), st.integers(1, 100), st.integers(200, 20_000) | st.just(200)),
)
def test_an_answer_keeps_to_its_limits_and_counts_honestly(
    logs: list[tuple[tuple[str, ...], str]], pattern: str, limits: Limits
) -> None:
    steps = [
        StepFound(
            StepRef(Stage(number=1, name="build", status="failure"), Step(number=n + 1, name=name, status="failure")),
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


def test_a_match_far_to_the_right_is_shown_and_not_cut_away() -> None:
    line = "é" * 5000 + " the needle " + "y" * 5000
    rows, shown = show(found_in((line,), "needle"), hits=1, context=0, room=2000, widest=500)
    assert shown == 1
    assert "needle" in rows[0].text
    assert "chars+]…" in rows[0].text
    assert rows[0].text.endswith(" chars]")


def test_numbers_of_a_live_log_without_its_beginning_go_on_from_there() -> None:
    text = LogText(("a", "needle"), first_pos=7000, running=True, starts=(7000, 7001))
    compiled = compile_pattern("needle", literal=True, ignore_case=True)
    found = scan(compiled, text, context=1, keep=5, go_on=lambda: True)
    assert show(found, hits=5, context=1, room=500, widest=100) == ([Row("7001| a"), Row("7002> needle")], 1)
