"""Retries end, whatever happened before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drone_mcp_policy.earlier_attempts import History
from drone_mcp_policy.facts import collect_facts
from drone_mcp_policy.next_step import decide
from drone_mcp_policy.rules import TRANSIENT, Retries, Rule, Rules, When
from support.made_builds import T0, any_builds, made_stage, made_step
from support.policy_cases import (
    CLONE_FAILED,
    LATER,
    REPO,
    TEST_FAILED,
    a_build,
    decided,
    diagnoses,
    flaky,
    lost,
    rules_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from ci_mcp_logs.diagnosis.verdicts import Judgement
    from drone_mcp_client.models import Build


def test_the_first_failure_waits_for_its_back_off_and_then_is_retried() -> None:
    build = flaky(7)
    early = decided(build, now=build.finished + 20)
    assert (early.action, early.wait_seconds, early.tools) == ("wait", 40, ())
    assert early.reason.endswith("retry 1 of 2, not before 40 s from now")
    due = decided(build, now=build.finished + 60)
    assert (due.action, due.wait_seconds) == ("retry", 0)


def test_each_back_off_is_twice_as_long_as_the_one_before() -> None:
    second = flaky(8, parent=7)
    assert decided(second, flaky(7), now=second.finished + 60).wait_seconds == 60
    assert decided(second, flaky(7), now=second.finished + 120).action == "retry"


def test_a_clock_that_is_behind_waits_no_longer_than_the_back_off() -> None:
    assert decided(flaky(7), now=0).wait_seconds == 60


def test_retries_are_counted_along_the_chain_and_then_used_up() -> None:
    decision = decided(flaky(9, parent=8), flaky(8, parent=7), flaky(7))
    assert decision.action == "collect_logs_and_stop"
    assert decision.reason.endswith("no retry by 'retry-infrastructure': its retries are used up (2): builds 7, 8")


def test_a_person_who_pushed_the_same_commit_again_used_a_retry() -> None:
    assert decided(flaky(9), flaky(8), flaky(7)).action == "collect_logs_and_stop"


def test_other_commits_branches_and_events_do_not_count() -> None:
    others = (flaky(4, after="f" * 40), flaky(5, ref="refs/heads/b", target="b"), flaky(6, event="cron"))
    assert decided(flaky(7), *others).action == "retry"


def test_a_good_build_of_the_same_commit_is_no_retry() -> None:
    assert decided(flaky(7, event="cron"), a_build(6, event="cron"), a_build(5, event="cron")).action == "retry"


def test_what_a_promotion_promotes_is_not_its_first_try(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, "rules: [{rule: r, then: retry, when: {failure_class: infrastructure}}]")
    promoted = flaky(7, event="promote", deploy_to="staging", parent=6)
    assert decided(promoted, a_build(6), rules=rules).action == "retry"
    again = flaky(8, event="promote", deploy_to="staging", parent=7)
    assert decided(again, promoted, a_build(6), rules=rules).action == "collect_logs_and_stop"


@pytest.mark.parametrize(
    ("build", "others", "history", "why"),
    [
        (flaky(8, parent=7), (), {}, "build 7, which build 8 repeats, is not known"),
        (flaky(7), (flaky(8, parent=7),), {}, "build 8 is a newer try of the same commit"),
        (flaky(7), (a_build(9, "running", parent=7),), {}, "build 9 is a newer try of the same commit"),
        (flaky(7), (), {"complete_from": 9}, "not all builds since it are known"),
        (flaky(7, parent=7), (), {}, "build 7 claims to restart build 7, which cannot be"),
        (flaky(7, parent=8), (flaky(8, parent=7),), {}, "build 7 claims to restart build 8, which cannot be"),
    ],
)
def test_doubt_is_no_retry(build: Build, others: tuple[Build, ...], history: dict[str, Any], why: str) -> None:
    decision = decided(build, *others, **history)
    assert decision.action == "collect_logs_and_stop"
    assert decision.reason.endswith(why)


def test_a_class_that_is_only_guessed_is_no_ground_for_a_retry() -> None:
    """`fatal: ambiguous argument 'origin/main'` ends a step with 128 as well as a lost network does."""
    step = made_step(1, "clone", "failure", exit_code=128)
    decision = decided(a_build(7, "failure", made_stage(1, "ci", "failure", step)))
    assert (decision.action, decision.confidence) == ("collect_logs_and_stop", "low")
    assert decision.reason.endswith(
        "no retry by 'retry-infrastructure': the class of step 'clone' of stage 'ci' is a guess; evaluate again with "
        "failure_class and confidence of a diagnosis"
    )


@given(any_builds, diagnoses)
def test_no_guess_is_ever_a_ground_for_a_retry(build: Build, said: Judgement | None) -> None:
    facts = collect_facts(build, repo=REPO, now=LATER, diagnosed=said)
    decision = decide(facts, History(), retrying(5))
    assert not decision.most or all(failed.confidence != "low" for failed in facts.failed)


def test_a_failure_that_its_retry_did_not_remove_is_no_accident() -> None:
    again = a_build(8, "failure", lost("git"), parent=7)
    assert decided(again, a_build(7, "failure", lost("npm"))).action == "retry"
    decision = decided(again, a_build(7, "failure", lost("git")))
    assert decision.action == "collect_logs_and_stop"
    assert decision.reason.endswith("it failed at the same place as build 7, as far as Drone says")


def test_signatures_of_diagnoses_decide_whether_it_is_the_same_failure() -> None:
    build, before = a_build(8, "failure", CLONE_FAILED, parent=7), a_build(7, "failure", CLONE_FAILED)
    assert decided(build, before, signatures={7: "a" * 12, 8: "b" * 12}).action == "retry"
    decision = decided(flaky(8, parent=7), flaky(7), signatures={7: "a" * 12, 8: "a" * 12})
    assert decision.reason.endswith("it failed in the same way as build 7 (signature aaaaaaaaaaaa)")


def test_a_try_of_which_only_the_number_is_known_forbids_another_one() -> None:
    assert decided(flaky(8, parent=7), a_build(7, "failure")).reason.endswith("how build 7 failed is not known")


def test_tags_without_a_target_do_not_share_a_limit() -> None:
    tag: dict[str, Any] = {"event": "push", "target": "", "created": LATER - 60}
    restarts = [a_build(n, parent=n - 10, after=f"{n:040}", ref=f"refs/tags/v{n}", **tag) for n in range(20, 30)]
    assert decided(flaky(40, ref="refs/tags/v40", target="", event="push"), *restarts).action == "retry"


def test_a_branch_on_which_everything_is_restarted_is_left_alone() -> None:
    restarts = [a_build(n, parent=n - 10, after=f"{n:040}", created=LATER - 60) for n in range(20, 30)]
    assert decided(flaky(40), *restarts).reason.endswith(
        "the branch had 10 restarts in the last hour, and 10 are allowed"
    )
    assert decided(flaky(40), *restarts[1:]).action == "retry"
    assert decided(flaky(40), *restarts, now=LATER + 3600).action == "retry"
    assert decided(flaky(40, target="other"), *restarts).action == "retry"


def test_a_failing_test_beside_a_lost_runner_forbids_the_retry() -> None:
    both = a_build(7, "failure", CLONE_FAILED, {**TEST_FAILED, "number": 2})
    assert decided(both).action == "collect_logs_and_stop"


# The property: agents that follow the decisions come to an end.


def retrying(most: int, classes: tuple[str, ...] = tuple(sorted(TRANSIENT))) -> Rules:
    when = When(failure_class=classes)
    return Rules((Rule("r", "retry", when, Retries(most=most, hourly=100)),))


kinds = st.sampled_from((lost("a"), lost("b"), TEST_FAILED, made_stage(1, "ci", "error", error="dial tcp")))
pasts = st.lists(
    st.builds(
        lambda stage, parent, event, after: {"stage": stage, "parent": parent, "event": event, "after": after},
        kinds,
        st.integers(0, 6),
        st.sampled_from(("push", "promote", "cron")),
        st.sampled_from(("a" * 40, "b" * 40)),
    ),
    max_size=8,
)


def failed_builds(past: list[dict[str, Any]]) -> list[Build]:
    return [
        a_build(n, "failure", item["stage"], **{k: v for k, v in item.items() if k != "stage"})
        for n, item in enumerate(past, 1)
    ]


@given(pasts, st.integers(1, 5), st.data())
@settings(deadline=None)
def test_agents_that_restart_as_told_come_to_an_end_whatever_was_before(
    past: list[dict[str, Any]], most: int, data: st.DataObject
) -> None:
    builds = failed_builds([*past, {"stage": CLONE_FAILED, "parent": 0, "event": "push", "after": "a" * 40}])
    first, restarts = len(builds), 0
    for _ in range(60):
        build = data.draw(st.sampled_from(builds[first - 1 :]))  # agents may ask about any of them
        decision = decide(collect_facts(build, repo=REPO, now=LATER), History(tuple(builds)), retrying(most))
        if decision.action == "retry":
            restarts += 1
            again = {"number": len(builds) + 1, "parent": build.number}  # and it fails again, as it may
            builds.append(build.model_copy(update=again))
    assert restarts <= most


@given(pasts, st.integers(1, 5), st.data())
@settings(deadline=None)
def test_a_chain_of_restarts_ends_however_much_of_the_past_is_forgotten(
    past: list[dict[str, Any]], most: int, data: st.DataObject
) -> None:
    builds = failed_builds([*past, {"stage": CLONE_FAILED, "parent": 0, "event": "push", "after": "a" * 40}])
    restarts = 0
    for _ in range(12):
        kept = data.draw(st.lists(st.sampled_from(builds), unique_by=lambda build: build.number))
        history = History(tuple(kept), data.draw(st.integers(1, len(builds) + 2)))
        decision = decide(collect_facts(builds[-1], repo=REPO, now=LATER), history, retrying(most))
        if decision.action != "retry":
            continue
        restarts += 1
        builds.append(builds[-1].model_copy(update={"number": len(builds) + 1, "parent": builds[-1].number}))
    assert restarts <= most


@given(any_builds, st.lists(any_builds, max_size=3), st.integers(1, 5), diagnoses)
@settings(deadline=None, max_examples=40)
def test_no_history_at_all_allows_more_than_the_limit_or_a_class_that_does_not_pass(
    build: Build, others: list[Build], most: int, said: Judgement | None
) -> None:
    decision = decide(collect_facts(build, repo=REPO, now=T0, diagnosed=said), History(tuple(others)), retrying(most))
    if decision.most:
        assert len(decision.used) < most
        assert decision.kind in TRANSIENT
