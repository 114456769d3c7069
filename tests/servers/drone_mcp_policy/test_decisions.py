"""The decision about a build in each state, where no rule says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_build.stall_detection import Outlook, outlook_of
from drone_mcp_policy.earlier_attempts import History
from drone_mcp_policy.facts import collect_facts
from drone_mcp_policy.next_step import decide, evaluate
from drone_mcp_policy.states import ACTIONS, DEFAULT_ACTIONS, STATES, UNFINISHED, USED_IN, state_of
from support.made_builds import STATUSES, T0, any_builds, made_stage, made_step
from support.policy_cases import (
    CLONE_FAILED,
    DEFAULT,
    HELD,
    LATER,
    REPO,
    TEST_FAILED,
    a_build,
    decided,
    diagnoses,
    rules_of,
)

if TYPE_CHECKING:
    from pathlib import Path


RUNNER_ERROR = made_stage(1, "ci", "error", made_step(1, "test", "error", exit_code=255, error="linter: bad"))
WAITING = (made_stage(1, "one", "success"), made_stage(2, "two", "waiting_on_dependencies", depends_on=["one"]))
STOPPED = made_stage(1, "ci", "killed", made_step(1, "test", "killed", exit_code=130))

TABLE: list[tuple[Any, str, str]] = [
    (a_build(7, "pending"), "pending", "wait"),
    (a_build(7, "pending", made_stage(1, "ci", "pending")), "pending", "wait"),
    (a_build(7, "running", made_stage(1, "ci", "running")), "running", "wait"),
    (a_build(7, "running", *WAITING), "running", "wait"),
    (a_build(7, "running", TEST_FAILED, made_stage(2, "docs", "running")), "running", "wait"),
    (a_build(7, "waiting_on_dependencies", finished=0), "waiting_on_dependencies", "wait"),
    (a_build(7, "pending", HELD), "held", "ask_for_approval"),
    (a_build(7, "pending", made_stage(1, "ci"), made_stage(2, "deploy", "blocked")), "held", "ask_for_approval"),
    (a_build(7, "running", made_stage(1, "ci", "running"), HELD), "held", "ask_for_approval"),
    (a_build(7, "blocked"), "held", "ask_for_approval"),
    (a_build(7, "success"), "success", "continue"),
    (a_build(7, "success", made_stage(1, "ci", "skipped")), "success", "continue"),
    (a_build(7, "failure", TEST_FAILED), "failure", "collect_logs_and_stop"),
    (a_build(7, "failure"), "failure", "collect_logs_and_stop"),
    (a_build(7, "error", RUNNER_ERROR), "error", "collect_logs_and_stop"),
    (a_build(7, "error", error="yaml: line 2"), "trigger_error", "collect_logs_and_stop"),
    (a_build(7, "killed", STOPPED), "killed", "collect_logs_and_stop"),
    (a_build(7, "killed", made_stage(1, "ci", "skipped")), "killed", "collect_logs_and_stop"),
    (a_build(7, "skipped"), "skipped", "stop"),
    (a_build(7, "declined", made_stage(1, "ci", "declined"), finished=0), "declined", "stop"),
    (a_build(7, "declined", made_stage(1, "ci", "declined"), HELD, finished=0), "declined", "stop"),
    (None, "none", "stop"),
    (a_build(7, "paused by a later release", finished=0), "unknown", "wait"),
    (a_build(7, "ended by a later release"), "unknown", "stop"),
    (a_build(7, ""), "unknown", "stop"),
]  # fmt: skip


@pytest.mark.parametrize(("build", "state", "action"), TABLE)
def test_every_state_has_its_action(build: Any, state: str, action: str) -> None:
    decision = decided(build, now=T0 + 80)
    assert (decision.state, decision.action) == (state, action)
    assert decision.rule == f"built-in: {state}"
    assert decision.reason


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (a_build(7, "running", *WAITING), "what is left of it never starts"),
        (
            a_build(7, "running", made_stage(1, "one"), made_stage(2, "two", "declined")),
            "what is left of it never starts",
        ),
        (a_build(7, "pending", made_stage(1, "ci", "pending")), "and Drone does not say why"),
        (a_build(7, "pending", made_stage(1, "ci", "pending", type="")), "and Drone does not say why"),
        (
            a_build(7, "paused by a later release", made_stage(1, "ci", "pending"), finished=0),
            "and Drone does not say why",
        ),
    ],
)
def test_nothing_is_waited_for_that_may_never_come(tmp_path: Path, build: Any, words: str) -> None:
    decision = decided(build)
    assert (decision.action, words in decision.reason) == ("stop", True)
    rules = rules_of(tmp_path, "rules: [{rule: patient, then: wait}]")
    assert decided(build, rules=rules).action == "stop"


@pytest.mark.parametrize("more", [{"limit": 1}, {"throttle": 2}])
def test_what_waits_for_older_builds_is_waited_for(more: dict[str, Any]) -> None:
    decision = decided(a_build(7, "pending", made_stage(1, "ci", "pending", **more)))
    assert (decision.action, "waits for older stages" in decision.reason) == ("wait", True)


@given(any_builds, st.integers(0, 1 << 33))
def test_no_decision_waits_for_a_build_that_is_stuck(build: Any, now: int) -> None:
    decision = decide(collect_facts(build, repo=REPO, now=now), History(), DEFAULT)
    if decision.action == "wait" and not decision.wait_seconds:
        assert outlook_of(build, now) not in {Outlook.STUCK, Outlook.STALLED}


def test_the_table_of_tests_knows_every_state() -> None:
    assert {state for _, state, _ in TABLE} == set(STATES) == set(DEFAULT_ACTIONS)


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_that_drone_has_is_a_state(status: str) -> None:
    assert (state_of(a_build(7, status)) == "unknown") == (status == "from a later release")


def test_a_failure_is_reported_with_its_place_exit_code_and_class() -> None:
    decision = decided(a_build(7, "failure", TEST_FAILED))
    assert decision.reason == "it failed: step 'test' of stage 'ci' ended as failure with exit code 1 (maybe test)"
    assert decision.kind == "test"


def test_no_action_may_be_asked_for_in_a_state_that_it_would_loop_in() -> None:
    assert USED_IN["wait"] == UNFINISHED
    assert not USED_IN["retry"] & UNFINISHED
    assert set(USED_IN) == set(ACTIONS)


@given(any_builds, diagnoses, st.integers(0, 1 << 33))
def test_the_same_question_has_the_same_answer_and_there_is_always_one(build: Any, said: Any, now: int) -> None:
    facts = collect_facts(build, repo=REPO, now=now, diagnosed=said)
    first = decide(facts, History(), DEFAULT)
    assert first == decide(facts, History(), DEFAULT)
    assert first.action in ACTIONS


@given(any_builds)
def test_every_rule_is_explained_once(build: Any) -> None:
    found = evaluate(collect_facts(build, repo=REPO, now=LATER), History(), DEFAULT)
    assert [look.rule for look in found.results] == list(DEFAULT.rules)
    assert all(look.why for look in found.results)
    decided_by = [look.rule.name for look in found.results if look.outcome == "decided"]
    assert decided_by == ([] if found.decision.rule.startswith("built-in") else [found.decision.rule])


@given(any_builds)
def test_what_waits_is_never_more_than_unfinished_or_backing_off(build: Any) -> None:
    decision = decide(collect_facts(build, repo=REPO, now=LATER), History(), DEFAULT)
    if decision.action == "wait" and not decision.wait_seconds:
        assert decision.state in UNFINISHED


def test_an_infrastructure_failure_of_a_push_is_retried() -> None:
    decision = decided(a_build(7, "failure", CLONE_FAILED))
    assert (decision.action, decision.rule) == ("retry", "retry-infrastructure")
    assert decision.reason == "the runner or the network failed, not the change; retry 1 of 2"


@pytest.mark.parametrize("event", ["tag", "promote", "rollback", "", "of a later release"])
def test_what_may_matter_when_done_twice_is_not_retried(event: str) -> None:
    assert decided(a_build(7, "failure", CLONE_FAILED, event=event)).action == "collect_logs_and_stop"
