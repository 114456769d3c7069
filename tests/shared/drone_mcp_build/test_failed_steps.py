from __future__ import annotations

from typing import Any

from ci_mcp_logs.diagnosis.verdicts import Part
from drone_mcp_build.failed_steps import FailedStep, failed_steps, failures_that_count
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


def first_failure(build: Build) -> FailedStep | None:
    return next(iter(failures_that_count(build)), None)


def test_the_first_failure_of_a_captured_build_is_the_step_that_failed_it() -> None:
    failure = first_failure(captured(47))
    assert failure
    assert failure.step
    assert (failure.step.number, failure.step.exit_code) == (3, 3)


def test_the_first_failure_is_first_in_time_not_in_place() -> None:
    found = first_failure(
        build(stages=[stage(1, "failure", step(1, "failure", 50)), stage(2, "failure", step(1, "failure", 20))])
    )
    assert found
    assert found.stage.number == 2


def test_a_failure_that_the_pipeline_ignores_does_not_count() -> None:
    ignored = step(1, "failure", 10, errignore=True)
    assert first_failure(build(stages=[stage(1, "success", ignored)])) is None


def test_a_stage_that_failed_before_its_steps_is_itself_the_failure() -> None:
    found = first_failure(build(stages=[stage(1, "error", error="no such image", stopped=5)]))
    assert found
    assert found.step is None
    assert found.stage.error == "no such image"


def test_a_stage_with_only_ignored_failures_that_failed_by_itself_is_reported() -> None:
    found = failures_that_count(build(stages=[stage(1, "killed", step(1, "failure", 3, errignore=True), stopped=9)]))
    assert [(failure.stage.number, failure.step) for failure in found] == [(1, None)]


def test_a_failure_without_a_time_comes_last() -> None:
    found = failures_that_count(build(stages=[stage(1, "failure", step(1, "killed"), step(2, "failure", 9))]))
    assert [failure.step.number for failure in found if failure.step] == [2, 1]


def test_a_good_build_has_no_failure() -> None:
    assert first_failure(captured(43)) is None


def test_a_failed_step_names_its_stage_and_reports_its_own_end() -> None:
    found = first_failure(build(stages=[stage(2, "failure", step(3, "failure", 50, exit_code=3, started=8))]))
    assert found
    assert found.ref
    assert (found.ref.numbers, found.name, found.label) == ("2/3", "stage2/step3", "2/3 stage2/step3")
    assert (found.status, found.exit_code, found.error, found.seconds) == ("failure", 3, "", 42)


def test_a_stage_that_failed_without_a_step_stands_for_itself() -> None:
    found = first_failure(build(stages=[stage(2, "error", error="no such image")]))
    assert found
    assert (found.ref, found.name, found.label) == (None, "stage2", "stage 2 stage2")
    assert (found.status, found.error, found.seconds) == ("error", "no such image", 0)


def test_every_failure_has_its_part_in_that_of_the_build() -> None:
    steps = [
        step(1, "failure", 20, started=10),
        step(2, "failure", 40, started=30),
        step(3, "failure", 50, started=15),
        step(4, "killed", 60, started=5),
        step(5, "failure", 8, started=1, errignore=True),
    ]
    stopped = failed_steps(build(status="killed", stages=[stage(1, "killed", *steps)]))
    assert [(one.step.number, one.part) for one in stopped if one.step] == [
        (1, Part.FIRST), (2, Part.AFTER), (3, Part.BESIDE), (4, Part.STOPPED), (5, Part.IGNORED)
    ]  # fmt: skip
    ran = failed_steps(build(stages=[stage(1, "failure", *steps)]))
    assert [one.part for one in ran] == [Part.FIRST, Part.AFTER, Part.BESIDE, Part.BESIDE, Part.IGNORED]
