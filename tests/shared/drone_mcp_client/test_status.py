from __future__ import annotations

from typing import Any

import pytest

from drone_mcp_client import status
from drone_mcp_client.models import Build
from support.captures import capture


def build(**fields: Any) -> Build:
    return Build.model_validate({"number": 1, "status": "failure", **fields})


def captured(number: int) -> Build:
    return Build.model_validate_json(capture(number).body)


def stage(number: int, word: str, *steps: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"number": number, "name": f"stage{number}", "status": word, "steps": list(steps), **fields}


def step(number: int, word: str, stopped: int = 0, **fields: Any) -> dict[str, Any]:
    return {"number": number, "name": f"step{number}", "status": word, "stopped": stopped, **fields}


@pytest.mark.parametrize("word", ["success", "failure", "error", "killed", "skipped", "declined"])
def test_a_final_status_is_final(word: str) -> None:
    assert status.is_final(word)


@pytest.mark.parametrize("word", ["pending", "running", "blocked", "waiting_on_dependencies", "", "pondering"])
def test_any_other_status_is_not(word: str) -> None:
    assert not status.is_final(word)
    assert not status.is_failure(word)


def test_failures_are_final_and_skipped_and_declined_are_none() -> None:
    assert status.FAILED < status.FINAL
    assert not status.is_failure("skipped")
    assert not status.is_failure("declined")


def test_a_captured_build_that_waits_for_approval_is_held() -> None:
    held = captured(81)
    assert status.is_held(held)
    assert [blocked.number for blocked in status.blocked_stages(held)] == [1]


def test_a_captured_build_that_was_declined_is_not_held_though_a_stage_still_blocks() -> None:
    declined = captured(85)
    assert status.blocked_stages(declined)
    assert not status.is_held(declined)


def test_a_captured_build_with_a_broken_pipeline_failed_at_its_trigger() -> None:
    assert status.failed_at_trigger(captured(35))
    assert not status.failed_at_trigger(captured(47))


def test_the_first_failure_of_a_captured_build_is_the_step_that_failed_it() -> None:
    failure = status.first_failure(captured(47))
    assert failure
    assert failure.step
    assert (failure.step.number, failure.step.exit_code) == (3, 3)


def test_the_first_failure_is_first_in_time_not_in_place() -> None:
    found = status.first_failure(
        build(stages=[stage(1, "failure", step(1, "failure", 50)), stage(2, "failure", step(1, "failure", 20))])
    )
    assert found
    assert found.stage.number == 2


def test_a_failure_that_the_pipeline_ignores_does_not_count() -> None:
    ignored = step(1, "failure", 10, errignore=True)
    assert status.first_failure(build(stages=[stage(1, "success", ignored)])) is None


def test_a_stage_that_failed_before_its_steps_is_itself_the_failure() -> None:
    found = status.first_failure(build(stages=[stage(1, "error", error="no such image", stopped=5)]))
    assert found
    assert found.step is None
    assert found.stage.error == "no such image"


def test_a_stage_with_only_ignored_failures_that_failed_by_itself_is_told() -> None:
    found = status.failures(build(stages=[stage(1, "killed", step(1, "failure", 3, errignore=True), stopped=9)]))
    assert [(failure.stage.number, failure.step) for failure in found] == [(1, None)]


def test_a_failure_without_a_time_comes_last() -> None:
    found = status.failures(build(stages=[stage(1, "failure", step(1, "killed"), step(2, "failure", 9))]))
    assert [failure.step.number for failure in found if failure.step] == [2, 1]


def test_a_good_build_has_no_failure() -> None:
    assert status.first_failure(captured(43)) is None
