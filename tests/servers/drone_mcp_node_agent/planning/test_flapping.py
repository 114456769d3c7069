import json
from itertools import accumulate, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_node_agent.planning.flapping import FlapRule, count_new_restarts

FIXTURES = Path(__file__).parents[3] / "fixtures"
counts = st.integers(0, 1000)


@given(st.lists(counts, min_size=1))
def test_every_restart_is_counted_once(rises: list[int]) -> None:
    looks = [0, *accumulate(rises)]
    assert sum(count_new_restarts(before, now) for before, now in pairwise(looks)) == sum(rises)


def test_a_count_that_a_stop_has_reset_goes_on_from_there() -> None:
    assert [count_new_restarts(before, now) for before, now in pairwise([0, 9, 0, 2])] == [9, 0, 2]


@given(counts, counts)
def test_a_look_never_counts_less_than_nothing(before: int, now: int) -> None:
    assert 0 <= count_new_restarts(before, now) <= now


@pytest.mark.parametrize(
    ("restarted", "died", "is_met"), [(3, 0, True), (0, 3, True), (2, 2, False), (9, 1, True), (0, 0, False)]
)
def test_restarts_and_ends_are_the_same_occurrences(restarted: int, died: int, is_met: bool) -> None:
    assert FlapRule(restarts=3).is_met(restarted=restarted, died=died) == is_met


@pytest.mark.parametrize("version", ["podman-4.3.1", "podman-5.8.2"])
def test_the_recorded_flapping_is_found_in_the_counts_of_restarts(version: str) -> None:
    looks = json.loads((FIXTURES / version / "restart_always_states.json").read_text(encoding="utf-8"))
    restarts = [look["RestartCount"] for look in looks]
    total = sum(count_new_restarts(before, now) for before, now in pairwise(restarts))
    assert FlapRule().is_met(restarted=total, died=0)
