"""The class of a failure, from what Drone itself says."""

from __future__ import annotations

from typing import Any

import pytest

from ci_mcp_logs.diagnosis.verdicts import Judgement
from drone_mcp_policy.facts import collect_facts
from support.made_builds import made_stage, made_step
from support.policy_cases import LATER, REPO, a_build

STEPS: list[tuple[dict[str, Any], str]] = [
    (made_step(1, "a", "failure", exit_code=1), "unknown"),
    (made_step(1, "unit-tests", "failure", exit_code=1), "test"),
    (made_step(1, "Build it", "failure", exit_code=2), "compile"),
    (made_step(1, "lint", "failure", exit_code=2), "lint"),
    (made_step(1, "npm install", "failure", exit_code=1), "dependency"),
    (made_step(1, "clone", "failure", exit_code=128), "infrastructure"),
    (made_step(1, "test", "failure", exit_code=137), "out_of_memory"),
    (made_step(1, "test", "failure", exit_code=124), "timeout"),
    (made_step(1, "test", "failure", exit_code=127), "configuration"),
    (made_step(1, "test", "failure", exit_code=143), "cancelled"),
    (made_step(1, "test", "killed", exit_code=137), "cancelled"),
    (made_step(1, "test", "error", exit_code=255), "infrastructure"),
    (made_step(1, "test", "error", exit_code=255, error="dial tcp: connection refused"), "infrastructure"),
    (made_step(1, "test", "error", exit_code=255, error="context deadline exceeded"), "timeout"),
    (made_step(1, "test", "error", exit_code=255, error="pull access denied for x"), "configuration"),
    (made_step(1, "test", "error", exit_code=255, error="OOMKilled"), "out_of_memory"),
]


@pytest.mark.parametrize(("step", "kind"), STEPS)
def test_a_failed_step_has_a_class(step: dict[str, Any], kind: str) -> None:
    build = a_build(7, "failure", made_stage(1, "ci", "failure", step))
    (failed,) = collect_facts(build, repo=REPO, now=LATER).failed
    assert failed.kind == kind


def test_a_stage_that_failed_without_a_step_has_the_class_of_its_error() -> None:
    build = a_build(
        7, "error", made_stage(1, "ci", "error", error="cannot connect to the docker daemon", exit_code=255)
    )
    (failed,) = collect_facts(build, repo=REPO, now=LATER).failed
    assert failed.kind == "infrastructure"
    assert failed.description == "stage 'ci' ended as error (infrastructure): cannot connect to the docker daemon"


@pytest.mark.parametrize(
    ("code", "diagnosed", "kind"),
    [
        (1, Judgement("infrastructure", "medium"), "infrastructure"),
        (1, Judgement("infrastructure", "low"), "infrastructure"),
        (1, Judgement("unknown", "low"), "test"),
        (127, Judgement("infrastructure", "medium"), "configuration"),  # Drone's data is as sure
        (127, Judgement("infrastructure", "high"), "infrastructure"),
        (137, Judgement("infrastructure", "medium"), "out_of_memory"),
        (137, Judgement("test", "high"), "test"),
    ],
)
def test_what_a_diagnosis_found_counts_where_drone_is_less_sure(code: int, diagnosed: Judgement, kind: str) -> None:
    build = a_build(7, "failure", made_stage(1, "ci", "failure", made_step(1, "test", "failure", exit_code=code)))
    (failed,) = collect_facts(build, repo=REPO, now=LATER, diagnosed=diagnosed).failed
    assert failed.kind == kind


def test_a_diagnosis_of_the_first_failure_says_nothing_about_one_beside_it() -> None:
    steps = made_step(1, "fetch", "failure", exit_code=1), made_step(1, "lint", "failure", exit_code=1)
    build = a_build(7, "failure", *(made_stage(n, "ci", "failure", step) for n, step in enumerate(steps, 1)))
    found = collect_facts(build, repo=REPO, now=LATER, diagnosed=Judgement("infrastructure", "high")).failed
    assert [failed.kind for failed in found] == ["infrastructure", "lint"]


def test_a_failure_that_is_ignored_is_none() -> None:
    build = a_build(7, "success", made_stage(1, "ci", "success", made_step(1, "lint", "failure", errignore=True)))
    assert collect_facts(build, repo=REPO, now=LATER).failed == ()


def test_hidden_characters_of_an_error_are_gone() -> None:
    step = made_step(1, "a", "error", error="\x1b[31mdial\u202e tcp\udc80")
    build = a_build(7, "error", made_stage(1, "ci", "error", step))
    assert collect_facts(build, repo=REPO, now=LATER).failed[0].error == "dial tcp\ufffd"
