from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_logs.answer_text import size_of
from ci_mcp_logs.log_text import LogText
from ci_mcp_logs.search import SearchResult, compile_pattern, search
from drone_mcp_build.failed_steps import StepRef
from drone_mcp_client.models import Stage, Step
from drone_mcp_logs.search.answer import Findings, Limits, StepMatches, compose_findings
from support.agent import numbered

LINES = st.lists(st.text(alphabet='abé日. "', max_size=12) | st.just("x" * 3000), max_size=40).map(tuple)
PATTERNS = st.sampled_from(["a", "^a", "b$", "a|b", "^$", "a*", "[^a]", "a.b", r"\.", "é日", "B", "x+"])


def found_in(lines: tuple[str, ...], pattern: str, *, context: int = 0, keep: int = 100) -> SearchResult:
    compiled = compile_pattern(pattern, literal=False, ignore_case=False)
    return search(compiled, LogText(lines), context=context, keep=keep, go_on=lambda: True)


@given(
    st.lists(st.tuples(LINES, st.sampled_from(["test", "long-" * 40])), max_size=8),
    PATTERNS,
    st.builds(Limits, st.integers(0, 10), st.integers(1, 100), st.integers(200, 20_000) | st.just(200)),
)
def test_an_answer_keeps_to_its_limits_and_counts_honestly(
    logs: list[tuple[tuple[str, ...], str]], pattern: str, limits: Limits
) -> None:
    steps = [
        StepMatches(
            StepRef(Stage(number=1, name="build", status="failure"), Step(number=n + 1, name=name, status="failure")),
            found_in(lines, pattern, context=limits.context, keep=limits.max_matches),
            "it still runs: searched what it printed so far",
        )
        for n, (lines, name) in enumerate(logs)
    ]
    hits = tuple(step for step in steps if step.found.count)
    findings = Findings(
        "octo/hello", 7, "failure", "0a1b2c3d", hits, len(steps), ("1/9 deploy: skipped, it has no log",) * 9, (),
        "read on", "narrow the pattern",
    )  # fmt: skip
    view = compose_findings(findings, limits)
    assert size_of(view) <= limits.token_budget
    assert view.matches == sum(step.found.count for step in steps)
    assert view.shown == sum(result.shown for result in view.results) <= limits.max_matches
    assert bool(view.shown) == bool(view.matches)
    for result in view.results:
        shown = numbered(result.log) if result.log else []
        assert result.shown <= sum(mark == ">" for _, mark, _ in shown) <= result.matches
