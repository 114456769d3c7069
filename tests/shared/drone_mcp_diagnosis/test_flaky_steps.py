"""The statistics of flaky steps, over any builds at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_client.models import Build
from drone_mcp_diagnosis.flaky_steps import flaky_steps, wilson
from drone_mcp_diagnosis.step_outcomes import runs_of
from support.made_builds import any_builds, made_build, made_stage, made_step

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMITS = ("a" * 40, "b" * 40, "c" * 40)
OUTCOMES = st.sampled_from(["success", "failure", "error", "killed", "skipped", "running"])


def build(number: int, commit: str, *statuses: str, status: str = "failure", **more: Any) -> Build:
    """Make a build with one stage, whose steps are called after their numbers."""
    steps = [made_step(index, f"step-{index}", ended) for index, ended in enumerate(statuses, 1)]
    return Build.model_validate(made_build(number, status, made_stage(1, "ci", status, *steps), after=commit, **more))


builds = st.lists(st.tuples(st.sampled_from(COMMITS), st.lists(OUTCOMES, min_size=1, max_size=3)), max_size=12).map(
    lambda rows: [build(number, commit, *statuses) for number, (commit, statuses) in enumerate(rows, 1)]
)


@given(st.integers(0, 400), st.integers(0, 400))
def test_the_interval_holds_the_rate_and_stays_within_nothing_and_always(passed: int, failed: int) -> None:
    runs = passed + failed
    low, high = wilson(failed, runs)
    assert 0 <= low <= (failed / runs if runs else 0) + 1e-9
    assert (failed / runs if runs else 1) - 1e-9 <= high <= 1
    assert low < high


@given(st.integers(1, 100), st.integers(1, 100), st.integers(2, 9))
def test_more_runs_at_the_same_rate_tell_it_more_closely(failed: int, passed: int, times: int) -> None:
    low, high = wilson(failed, failed + passed)
    lower, higher = wilson(failed * times, (failed + passed) * times)
    assert lower > low
    assert higher < high


@given(st.integers(0, 50), st.integers(0, 50))
def test_what_fails_as_often_as_it_passes_mirrors(failed: int, passed: int) -> None:
    low, high = wilson(failed, failed + passed)
    mirrored = wilson(passed, failed + passed)
    assert (low, high) == pytest.approx((1 - mirrored[1], 1 - mirrored[0]))


@pytest.mark.parametrize(
    ("failed", "runs", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (1, 10, 0.0179, 0.4042),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (3, 200, 0.0051, 0.0432),
    ],
)
def test_the_interval_is_that_of_the_books(failed: int, runs: int, low: float, high: float) -> None:
    assert wilson(failed, runs) == pytest.approx((low, high), abs=5e-5)


@given(builds, st.randoms())
def test_the_order_of_the_builds_does_not_matter(found: list[Build], random: Any) -> None:
    shuffled = random.sample(found, len(found))
    assert flaky_steps(shuffled) == flaky_steps(found)


@given(builds)
def test_every_flaky_step_is_shown_by_a_commit_on_which_it_passed_and_failed(found: list[Build]) -> None:
    for step in flaky_steps(found):
        assert 0 < step.failed < step.runs
        assert step.failed == sum(not run.passed for mixed in step.mixed for run in mixed.runs)
        for mixed in step.mixed:
            assert {run.passed for run in mixed.runs} == {True, False}
            assert {run.build.after for run in mixed.runs} == {mixed.commit}


@given(builds)
def test_another_commit_that_passes_makes_nothing_flaky_and_only_lowers_rates(found: list[Build]) -> None:
    good = build(99, "d" * 40, "success", "success", "success", status="success")
    before = {step.name: step for step in flaky_steps(found)}
    after = {step.name: step for step in flaky_steps([*found, good])}
    assert after.keys() == before.keys()
    assert all(after[name].runs == before[name].runs + 1 and after[name].high < before[name].high for name in before)


@given(builds)
def test_another_commit_that_fails_says_nothing(found: list[Build]) -> None:
    """It may be broken for real."""
    bad = build(99, "d" * 40, "failure", "failure", "failure")
    assert flaky_steps([*found, bad]) == flaky_steps(found)


@given(builds, st.sampled_from(["build", "stage"]))
def test_what_was_stopped_is_no_evidence(found: list[Build], what: str) -> None:
    stopped = [build(90 + index, commit, "failure", "failure", "failure") for index, commit in enumerate(COMMITS)]
    killed = {"status": "killed"}
    if what == "stage":
        stopped = [one.model_copy(update={"stages": (one.stages[0].model_copy(update=killed),)}) for one in stopped]
    else:
        stopped = [one.model_copy(update=killed) for one in stopped]
    assert flaky_steps([*found, *stopped]) == flaky_steps(found)


@given(st.lists(any_builds, max_size=3))
def test_any_builds_have_an_answer(found: Sequence[Build]) -> None:
    for step in flaky_steps(found):
        assert 0 <= step.low <= step.failed / step.runs <= step.high <= 1


@pytest.mark.parametrize("status", ["skipped", "killed", "pending", "running", "declined", "from a later release"])
def test_a_step_that_did_not_end_by_itself_is_no_evidence(status: str) -> None:
    assert list(runs_of(build(1, COMMITS[0], status))) == []


@pytest.mark.parametrize("exit_code", [130, 143])
def test_a_step_that_was_interrupted_from_outside_is_no_evidence(exit_code: int) -> None:
    interrupted = made_step(1, "test", "failure", exit_code=exit_code)
    stage = made_stage(1, "ci", "failure", interrupted)
    assert list(runs_of(Build.model_validate(made_build(1, "failure", stage)))) == []


def test_a_step_that_ran_out_of_memory_once_is_evidence() -> None:
    """Exit code 137 in a stage that nobody stopped."""
    steps = made_step(1, "test", "failure", exit_code=137), made_step(1, "test")
    stages = [made_stage(1, "ci", "failure", step) for step in steps]
    found = flaky_steps(Build.model_validate(made_build(n, "failure", stage)) for n, stage in enumerate(stages, 1))
    assert [step.name for step in found] == [("ci", "test")]


def test_steps_whose_failures_are_ignored_are_told_apart() -> None:
    steps = made_step(1, "audit", "failure", errignore=True), made_step(1, "audit", errignore=True)
    stages = [made_stage(1, "ci", "success", step) for step in steps]
    (step,) = flaky_steps(Build.model_validate(made_build(n, "success", stage)) for n, stage in enumerate(stages, 1))
    assert step.ignored
    assert step.mixed[0].runs[0].build.number == 1


def test_other_parameters_or_another_environment_are_other_work() -> None:
    plain = build(1, COMMITS[0], "success", status="success")
    with_params = build(2, COMMITS[0], "failure", params={"SUITE": "slow"})
    promoted = build(3, COMMITS[0], "failure", deploy_to="production")
    assert flaky_steps([plain, with_params, promoted]) == ()
    assert flaky_steps([plain, with_params, promoted, build(4, COMMITS[0], "failure")])


def test_what_fails_most_often_for_sure_comes_first() -> None:
    seldom = [build(n, COMMITS[0], "success", "success") for n in range(1, 20)]
    both = build(20, COMMITS[0], "failure", "success"), build(21, COMMITS[0], "success", "failure")
    again = build(22, COMMITS[0], "success", "failure")
    assert [step.name[1] for step in flaky_steps([*seldom, *both, again])] == ["step-2", "step-1"]
