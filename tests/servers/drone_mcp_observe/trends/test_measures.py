"""The statistics, for any numbers."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_client.models import Build
from drone_mcp_observe.trends.measures import Sample, failure_rate, find_trends, percentile, samples_of
from support.made_builds import T0, any_builds, made_build, made_stage, made_step

if TYPE_CHECKING:
    import random

numbers = st.floats(0, 1e6)
samples = st.lists(
    st.builds(
        Sample,
        name=st.sampled_from(["a", "b"]),
        at=st.floats(0, 100),
        seconds=st.none() | numbers,
        wait=st.none() | numbers,
        failed=st.none() | st.booleans(),
    ),
    max_size=40,
)


@given(st.lists(numbers, min_size=1), st.floats(0, 1))
def test_a_percentile_is_a_value_that_enough_values_do_not_exceed(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)
    assert share == 0 or sum(value < found for value in values) < share * len(values) + 1


@given(st.lists(numbers, min_size=1))
def test_the_median_is_the_lower_of_the_two_middle_values(values: list[float]) -> None:
    assert percentile(values, 0.5) == statistics.median_low(values)


@given(samples)
def test_the_failure_rate_is_a_share_of_the_runs_that_count(some: list[Sample]) -> None:
    rate = failure_rate(some)
    assert (rate is None) == all(one.failed is None for one in some)
    assert rate is None or 0 <= rate <= 1


@given(samples, st.randoms(use_true_random=False))
def test_trends_depend_on_no_order_and_lose_no_sample(some: list[Sample], shuffle: random.Random) -> None:
    mixed = list(some)
    shuffle.shuffle(mixed)
    one, other = find_trends(some, 50), find_trends(mixed, 50)
    assert [(t.name, t.changes) for t in one] == [(t.name, t.changes) for t in other]
    assert sorted(map(repr, some)) == sorted(repr(sample) for trend in one for sample in trend.samples)


@given(samples)
def test_what_gets_worse_from_old_to_new_gets_better_the_other_way_round(some: list[Sample]) -> None:
    mirrored = [Sample(one.name, 100 - one.at, one.seconds, one.wait, one.failed) for one in some if one.at != 50]
    kept = [one for one in some if one.at != 50]
    rates = {t.name: t for t in find_trends(kept, 50)}
    for trend in find_trends(mirrored, 50):
        forth = [change for change in rates[trend.name].changes if change.text.startswith("failures")]
        back = [change for change in trend.changes if change.text.startswith("failures")]
        assert [change.is_worse for change in back] == [not change.is_worse for change in forth]


@pytest.mark.parametrize("by", ["repo", "branch", "stage", "step"])
@given(any_builds)
def test_any_build_has_samples_whose_times_are_not_negative(by: str, build: Build) -> None:
    for sample in samples_of("octo/hello", build, by):  # type: ignore[arg-type]  # one of the words, as pytest gives it
        assert sample.seconds is None or sample.seconds >= 0
        assert sample.wait is None or sample.wait >= 0


def test_the_wait_of_a_dependent_stage_begins_with_the_end_of_what_it_depends_on() -> None:
    first = made_stage(1, "build", "success", created=T0, started=T0 + 5, stopped=T0 + 100)
    second = made_stage(2, "deploy", created=T0, started=T0 + 103, stopped=T0 + 110, depends_on=["build"])
    build = Build.model_validate(made_build(1, "success", first, second))
    assert [(one.name, one.wait, one.seconds) for one in samples_of("octo/hello", build, "stage")] == [
        ("build", 5, 95),
        ("deploy", 3, 7),
    ]


def test_a_cancelled_or_skipped_run_counts_in_no_failure_rate() -> None:
    steps = (made_step(1, "a", "killed"), made_step(2, "b", "skipped"), made_step(3, "c", "failure"))
    build = Build.model_validate(made_build(1, "failure", made_stage(1, "ci", "failure", *steps)))
    assert [one.failed for one in samples_of("octo/hello", build, "step")] == [None, None, True]
