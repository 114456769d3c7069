"""Which steps of a pipeline failed, and in which order; the stages are as the stage view plugin describes them."""

from __future__ import annotations

from typing import Any

import pytest

from ci_mcp_logs.diagnosis.verdicts import Part
from jenkins_mcp.client.models.builds import Build
from jenkins_mcp.client.models.reports import StageDetails
from jenkins_mcp.failures.failed_steps import failed_steps, stage_around
from jenkins_mcp.failures.verdicts import verdict_of, verdict_of_stop

EXIT = {"message": "script returned exit code 2", "type": "hudson.AbortException"}
BUILD = Build(number=1, result="FAILURE")


def stage(
    node: int, name: str, start: int, *steps: dict[str, Any], status: str = "FAILED", **more: Any
) -> StageDetails:
    data = {"id": str(node), "name": name, "status": status, "startTimeMillis": start, "durationMillis": 100, **more}
    return StageDetails.model_validate({"error": EXIT, **data, "stageFlowNodes": list(steps)})


def step(node: int, start: int, status: str = "FAILED", error: Any = EXIT) -> dict[str, Any]:
    given = {"startTimeMillis": start, "durationMillis": 50, "parameterDescription": "make"}
    return {"id": str(node), "name": "Shell Script", "status": status, "error": error, **given}


def test_a_stage_around_the_one_with_the_failed_step_is_no_failure_of_its_own() -> None:
    found = failed_steps(BUILD, [stage(3, "All", 0), stage(6, "Unit", 10, step(8, 20)), stage(5, "Tests", 5)])
    assert [(one.label, one.part, one.exit_code) for one in found] == [("Unit / Shell Script: make / 8", Part.FIRST, 2)]


def test_an_error_without_a_step_is_that_of_the_innermost_stage() -> None:
    error = {"message": "No such property: foo", "type": "groovy.lang.MissingPropertyException"}
    found = failed_steps(BUILD, [stage(3, "All", 0, error=error), stage(5, "Deploy", 5, error=error)])
    assert [(one.label, one.error) for one in found] == [("Deploy", "No such property: foo")]


def test_what_ended_first_is_first_and_what_a_stop_ended_is_last() -> None:
    aborted = stage(20, "Slow", 0, step(21, 0, "ABORTED", {"message": "Aborted"}), status="ABORTED")
    found = failed_steps(BUILD, [aborted, stage(30, "B", 40, step(31, 40)), stage(10, "A", 0, step(11, 10))])
    assert [(one.ref.node, one.part) for one in found] == [
        ("11", Part.FIRST),
        ("31", Part.BESIDE),
        ("21", Part.STOPPED),
    ]


def test_what_failed_in_a_good_build_is_ignored() -> None:
    found = failed_steps(Build(number=1, result="SUCCESS"), [stage(10, "Lint", 0, step(11, 0))])
    assert [one.part for one in found] == [Part.IGNORED]


def test_in_parallel_branches_no_stage_is_said_to_be_around_a_line() -> None:
    log = ["[Pipeline] stage", "[Pipeline] { (Test)", "x", "[Pipeline] { (Branch: left)", "[Pipeline] { (In)", "error"]
    assert [stage_around(log, number) for number in (1, 3, 6)] == ["", "Test", ""]
    closed = [*log, *["[Pipeline] }"] * 3, "[Pipeline] { (Ship)", "[Pipeline] {", "failed"]
    assert stage_around(closed, len(closed)) == "Ship"


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("Timeout has been exceeded", "timeout"),
        ("Build timed out (after 3 minutes). Marking the build as aborted.", "timeout"),
        ("Rejected by dev", "approval"),
        ("Agent was removed", "infrastructure"),
        ("Superseded by #12", "cancelled"),
    ],
)
def test_a_stop_is_judged_by_its_reason(reason: str, kind: str) -> None:
    action = {"_class": "jenkins.model.InterruptedBuildAction", "causes": [{"shortDescription": reason}]}
    verdict = verdict_of_stop(Build.model_validate({"number": 1, "result": "ABORTED", "actions": [action]}))
    assert (verdict.kind, verdict.confidence, verdict.evidence) == (kind, "high", (reason,))


@pytest.mark.parametrize(("code", "kind"), [(-1, "infrastructure"), (137, "out_of_memory"), (127, "configuration")])
def test_a_failure_without_a_log_is_judged_by_its_exit_code(code: int, kind: str) -> None:
    error = {"message": f"script returned exit code {code}", "type": "hudson.AbortException"}
    (failed,) = failed_steps(BUILD, [stage(10, "Build", 0, step(11, 0, error=error))])
    assert verdict_of(BUILD, failed, None, None).kind == kind
