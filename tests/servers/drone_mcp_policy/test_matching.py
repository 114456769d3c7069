"""Rules match builds, and explain where they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from drone_mcp_policy.facts import collect_facts
from drone_mcp_policy.next_step import evaluate
from support.made_builds import T0, made_stage, made_step
from support.policy_cases import CLONE_FAILED, HELD, LATER, TEST_FAILED, a_build, decided, evaluation, flaky, rules_of

if TYPE_CHECKING:
    from pathlib import Path

    from drone_mcp_client.models import Build

FAILED = a_build(7, "failure", TEST_FAILED)
PULL = a_build(7, "success", event="pull_request", ref="refs/pull/4/head", source="topic", target="main")
DEPLOY = a_build(7, "success", event="promote", deploy_to="production", trigger="mona")
NIGHT = (T0 // 86400) * 86400 + 23 * 3600
TWO = a_build(
    7, "failure", TEST_FAILED, made_stage(2, "docs", "failure", made_step(1, "spell", "failure", exit_code=9))
)

FITS: list[tuple[str, Build]] = [
    ("{}", FAILED),
    ("{status: failure}", FAILED),
    ("{status: [success, failure]}", FAILED),
    ("{status: held}", a_build(7, "pending", HELD)),
    ("{status: trigger_error, error: 'yaml: line'}", a_build(7, "error", error="yaml: line 3: no")),
    ("{repo: octo/*}", FAILED),
    ("{repo: [acme/*, octo/hello]}", FAILED),
    ("{branch: main}", PULL),
    ("{branch: 'release/*'}", a_build(7, target="release/1/hot")),
    ("{branch: main}", a_build(7, target="", ref="refs/heads/main")),
    ("{event: promote, target: prod*}", DEPLOY),
    ("{trigger: mona}", DEPLOY),
    ("{trigger: '@*'}", FAILED),
    ("{stage: ci, step: te*}", FAILED),
    ("{stage: docs}", a_build(7, "success", made_stage(1, "ci"), made_stage(2, "docs"))),
    ("{step: test}", a_build(7, "running", made_stage(1, "ci", "running", made_step(1, "test", "running")))),
    ("{exit_code: 1}", FAILED),
    ("{exit_code: [0, 1-3]}", FAILED),
    ("{step: spell, exit_code: 9}", TWO),
    ("{failure_class: [lint, test]}", FAILED),
    ("{error: 'NO SPACE'}", a_build(7, "error", made_stage(1, "ci", "error", error="no space left"))),
]
FAILS: list[tuple[str, Build, str]] = [
    ("{status: success}", FAILED, "status is failure, not success"),
    ("{repo: acme/*}", FAILED, "repo is 'octo/hello', not acme/*"),
    ("{branch: topic}", PULL, "branch is 'main', not topic"),
    ("{event: [tag, push]}", PULL, "event is 'pull_request', not tag or push"),
    ("{target: staging}", DEPLOY, "target is 'production', not staging"),
    ("{target: '*'}", DEPLOY.model_copy(update={"deploy_to": "x"}), ""),
    ("{trigger: '@cron'}", FAILED, "trigger is '@hook', not @cron"),
    ("{step: clone}", FAILED, "step: step 'test' of stage 'ci' ended as failure with exit code 1 (maybe test)"),
    ("{step: test, exit_code: 9}", TWO, "step, exit_code: step 'spell' of stage 'docs' ended as failure"),
    ("{stage: deploy}", a_build(7, "success", made_stage(1, "ci")), "no stage or step is deploy"),
    ("{exit_code: 0}", a_build(7, "success", made_stage(1, "ci")), "nothing failed"),
    ("{branch: '\u202e'}", FAILED, "branch is 'main', not "),
]  # fmt: skip


@pytest.mark.parametrize(("when", "build"), FITS)
def test_a_rule_that_fits_decides(tmp_path: Path, when: str, build: Build) -> None:
    rules = rules_of(tmp_path, f"rules: [{{rule: it, then: stop, when: {when}}}]")
    assert (decided(build, rules=rules).rule, decided(build, rules=rules).action) == ("it", "stop")


@pytest.mark.parametrize(("when", "build", "why"), FAILS)
def test_a_rule_that_does_not_fit_says_why(tmp_path: Path, when: str, build: Build, why: str) -> None:
    rules = rules_of(tmp_path, f"rules: [{{rule: it, then: stop, when: {when}}}]")
    (look,) = evaluation(build, rules=rules).results
    assert (look.outcome, look.why.startswith(why)) == ("mismatch" if why else "decided", True)


def test_a_rule_without_a_build_fits_only_what_asks_nothing_of_one(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, "rules: [{rule: a, then: stop, when: {event: push}}, {rule: b, then: stop}]")
    assert decided(None, rules=rules).rule == "b"


def test_the_first_rule_that_fits_decides_and_the_rest_are_not_reached(tmp_path: Path) -> None:
    text = """\
rules:
  - {rule: first, then: continue, when: {branch: other}}
  - {rule: second, then: continue, reason: failures of main are known}
  - {rule: third, then: stop}
"""
    found = evaluation(FAILED, rules=rules_of(tmp_path, text))
    assert (found.decision.action, found.decision.reason) == ("continue", "failures of main are known")
    assert [look.outcome for look in found.results] == ["mismatch", "decided", "not_reached"]
    assert found.results[2].why == "'second' had decided"


def test_a_retry_that_is_used_up_lets_the_next_rule_look(tmp_path: Path) -> None:
    text = """\
rules:
  - {rule: once, then: retry, when: {failure_class: infrastructure}}
  - {rule: give-up, then: continue, when: {failure_class: infrastructure}}
"""
    first, again = a_build(7, "failure", CLONE_FAILED), a_build(8, "failure", CLONE_FAILED, parent=7)
    found = evaluation(again, first, rules=rules_of(tmp_path, text))
    assert (found.decision.rule, found.decision.action) == ("give-up", "continue")
    assert found.results[0].outcome == "withheld"
    assert found.results[0].why == "its retries are used up (1): build 7"


def test_an_action_is_not_taken_in_a_state_that_it_is_not_for(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, "rules: [{rule: go, then: continue}, {rule: w, then: wait}]")
    assert decided(a_build(7, "running"), rules=rules).rule == "w"
    assert decided(FAILED, rules=rules).rule == "go"


@pytest.mark.parametrize(
    ("time", "zone", "at", "fits"),
    [
        ("22:00-06:00", "UTC", NIGHT, True),
        ("22:00-06:00", "UTC", NIGHT + 6 * 3600, True),
        ("22:00-06:00", "UTC", NIGHT + 7 * 3600, False),
        ("08:00-23:00", "UTC", NIGHT, False),
        ("08:00-23:00", "UTC", NIGHT - 1, True),
        ("18:00-24:00", "UTC", NIGHT, True),
        ("00:00-01:00", "Etc/GMT-1", NIGHT, True),
    ],
)
def test_the_time_of_day_is_reported_by_the_files_zone(
    tmp_path: Path, time: str, zone: str, at: int, fits: bool
) -> None:
    rules = rules_of(tmp_path, f"zone: {zone}\nrules: [{{rule: it, then: stop, when: {{time: '{time}'}}}}]")
    assert (decided(FAILED, rules=rules, now=at).rule == "it") is fits


def test_a_time_that_does_not_fit_is_reported(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, "rules: [{rule: it, then: stop, when: {time: '08:00-18:00'}}]")
    (look,) = evaluation(FAILED, rules=rules, now=NIGHT + 120).results
    assert look.why == "the time is 23:02, outside of 08:00-18:00"


def test_limits_may_differ_by_repository_and_branch(tmp_path: Path) -> None:
    text = """\
rules:
  - rule: main-more-often
    when: {failure_class: infrastructure, repo: octo/*, branch: main}
    then: retry
    retries: {most: 3}
  - {rule: others-once, when: {failure_class: infrastructure}, then: retry}
"""
    rules = rules_of(tmp_path, text)
    for branch, most in (("main", 3), ("topic", 1)):
        builds: list[Any] = []
        while len(builds) < 6:
            number = len(builds) + 1
            build = flaky(number, parent=number - 1, target=branch, ref=f"refs/heads/{branch}")
            if decided(build, *builds, rules=rules).action != "retry":
                break
            builds.append(build)
        assert len(builds) == most


def test_a_rules_own_tools_come_before_those_for_its_action(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, "rules: [{rule: it, then: stop, next: [call_someone]}]")
    assert evaluate(collect_facts(FAILED, repo="a/b", now=LATER), None, rules).decision.tools == ("call_someone",)  # type: ignore[arg-type]  # no rule here asks for history
