"""Stretches of lines: their chances are those that counting every stretch by itself gives."""

from __future__ import annotations

import math
from itertools import combinations_with_replacement, compress, count, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_logs.distill import distill
from ci_mcp_logs.distill.model import BinnedModel
from ci_mcp_logs.distill.segment_probabilities import Posterior, posterior
from ci_mcp_logs.log_text import LogText

WEIGHTS = st.floats(-30, 30)
LINES = st.lists(st.tuples(WEIGHTS, WEIGHTS, WEIGHTS, st.booleans(), st.booleans()), min_size=1, max_size=8)


def model() -> BinnedModel:
    """Three sums that give back a column each."""
    steps = [n / 8 for n in range(-250, 251)]
    values = [steps[0], *steps]
    names = ("inside", "first", "last")
    return BinnedModel(dict.fromkeys(names, steps), [{name: values} for name in names])


def columns(lines: list[tuple[float, float, float, bool, bool]]) -> dict[str, list[float]]:
    inside, first, last, adjoining, _ = (list(column) for column in zip(*lines, strict=True))
    adjoining[0] = False
    return {"inside": inside, "first": first, "last": last, "adjoining": [float(near) for near in adjoining]}


def every_stretch(rows: dict[str, list[float]]) -> dict[tuple[int, int], float]:
    """First and last line of each stretch of neighbours, and its share of all weight."""
    inside, first, last = model().totals(rows)
    stretches = [
        (a, b)
        for a, b in combinations_with_replacement(range(len(inside)), 2)
        if all(rows["adjoining"][i] for i in range(a + 1, b + 1))
    ]
    scores = {(a, b): first[a] + sum(inside[a : b + 1]) + last[b] for a, b in stretches}
    most = max(scores.values())
    total = sum(math.exp(score - most) for score in scores.values())
    return {stretch: math.exp(score - most) / total for stretch, score in scores.items()}


@given(LINES)
def test_a_line_is_inside_as_likely_as_all_stretches_with_it_together(
    lines: list[tuple[float, float, float, bool, bool]],
) -> None:
    rows = columns(lines)
    shares = every_stretch(rows)
    expected = [sum(share for (a, b), share in shares.items() if a <= i <= b) for i in range(len(lines))]
    assert posterior(model(), rows).inside() == pytest.approx(expected, abs=1e-9)


@given(LINES)
def test_shown_lines_are_complete_as_likely_as_a_stretch_lies_wholly_in_them(
    lines: list[tuple[float, float, float, bool, bool]],
) -> None:
    rows = columns(lines)
    shown = [is_shown for *_, is_shown in lines]
    expected = sum(share for (a, b), share in every_stretch(rows).items() if all(shown[a : b + 1]))
    assert posterior(model(), rows).complete(compress(count(), shown)) == pytest.approx(expected, abs=1e-9)


def test_no_line_has_no_stretch() -> None:
    assert Posterior([], []).complete([]) == 0
    assert Posterior([], []).inside() == []


def test_a_plain_failure_takes_a_short_answer_however_large_the_budget() -> None:
    middle = [
        "=== RUN   TestCheckout",
        "--- FAIL: TestCheckout (0.00s)",
        "    checkout_test.go:42: total = 11, want 12",
    ]
    log = [*(f"fetching part {n}" for n in range(900)), *middle, "FAIL", "exit status 1", "FAIL\tshop\t0.01s"]
    answer = distill(LogText.from_raw(log), token_budget=4000)
    assert middle[1] in {line.text for line in answer.lines}
    assert answer.tokens <= 700


def test_a_test_that_failed_is_shown_with_all_of_its_long_difference() -> None:
    changed = [f"    {'+-'[n % 2]}   row {n // 2}: {n}" for n in range(40)]
    log = ["collecting", "  1) cart adds up:", "", "      AssertionError: expected rows to equal", *changed, ""]
    rows = [*(f"passed part {n}" for n in range(300)), *log, *(f"saving cache {n}" for n in range(100))]
    numbers = [line.number for line in distill(LogText.from_raw(rows)).lines if line.text in changed]
    assert len(numbers) == len(changed)
    assert all(b == a + 1 for a, b in pairwise(numbers))
