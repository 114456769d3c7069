"""The stages of a pipeline as the stage view plugin describes them (jenkinsci/pipeline-stage-view-plugin)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from jenkins_mcp_simulator import pages
from jenkins_mcp_simulator.console import lines_of
from jenkins_mcp_simulator.export_values import millis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jenkins_mcp_simulator.records import Build, StagePlan

FIRST_NODE: Final = 6  # the ids before are those of the pipeline itself
NODES_OF_A_STAGE: Final = 10
STATUSES: Final = {
    "SUCCESS": "SUCCESS",
    "FAILURE": "FAILED",
    "UNSTABLE": "UNSTABLE",
    "ABORTED": "ABORTED",
    "NOT_BUILT": "NOT_EXECUTED",
}
_ABORTED: Final = "org.jenkinsci.plugins.workflow.steps.FlowInterruptedException"


def describe_build(build: Build, now: float) -> dict[str, Any]:
    """Return the build with its stages that have begun."""
    path = f"{_path(build)}/wfapi/describe"
    waits = any(status == "PAUSED_PENDING_INPUT" for *_, status in _timed(build, now))
    status = STATUSES.get(build.result or "", "PAUSED_PENDING_INPUT" if waits else "IN_PROGRESS")
    return {
        "_links": {"self": {"href": path}},
        "id": str(build.number),
        "name": f"#{build.number}",
        "status": status,
        "startTimeMillis": millis(build.started),
        "endTimeMillis": millis(build.ended or now),
        "durationMillis": millis((build.ended or now) - build.started),
        "queueDurationMillis": 0,
        "pauseDurationMillis": 0,
        "stages": [_stage(build, *timed) for timed in _timed(build, now)],
    }


def describe_stage(build: Build, node: str, now: float) -> dict[str, Any]:
    """Return a stage with its one step."""
    for number, stage, started, seconds, status in _timed(build, now):
        if node == str(number):
            shown = _stage(build, number, stage, started, seconds, status)
            step = {
                **_stage(build, number + 1, stage, started, seconds, status),
                "name": "Shell Script",
                "parameterDescription": f"./{stage.name.lower()}.sh",
                "parentNodes": [node],
            }
            return {**shown, "stageFlowNodes": [step]}
    raise pages.not_found()


def step_log(build: Build, node: str) -> str:
    """Return the output of a step; a stage prints nothing itself."""
    for index, stage in enumerate(build.plan.stages):
        number = _node_of(stage, index)
        if node == str(number):
            return ""
        if number < int(node) < number + NODES_OF_A_STAGE and (
            index + 1 == len(build.plan.stages) or int(node) < _node_of(build.plan.stages[index + 1], index + 1)
        ):
            return "".join(f"{line}\n" for line in lines_of(stage.log))
    raise pages.not_found()


def list_artifacts(build: Build) -> list[dict[str, Any]]:
    """Return the artifacts with their sizes; the path is encoded here, unlike in the build's own list."""
    if build.is_running:
        return []
    return [
        {
            "id": f"n{number}",
            "name": path.rpartition("/")[2],
            "path": quote(path),
            "url": f"{_path(build)}/artifact/{quote(path)}",
            "size": len(content),
        }
        for number, (path, content) in enumerate(build.plan.artifacts.items(), 1)
    ]


def list_pending_inputs(build: Build, now: float) -> list[dict[str, Any]]:
    """Return the questions at which a build waits."""
    waiting = [stage for _, stage, _, _, status in _timed(build, now) if status == "PAUSED_PENDING_INPUT"]
    return [
        {"id": f"C{build.number}", "message": stage.input, "proceedText": "Proceed", "inputs": []} for stage in waiting
    ]


def _node_of(stage: StagePlan, index: int) -> int:
    return stage.node or FIRST_NODE + index * NODES_OF_A_STAGE


def _timed(build: Build, now: float) -> Iterator[tuple[int, StagePlan, float, float, str]]:
    """Yield node, stage, start, seconds and status of the stages that have begun: one after another, or in branches."""
    begins = ends = build.started
    until, is_halted = build.stop_asked_at or build.ended or now, False
    for index, stage in enumerate(build.plan.stages):
        if not stage.parallel:
            if is_halted:
                return
            begins = ends
        if begins > until or (begins == until and build.ended is None and index):
            return
        is_over = begins + stage.seconds <= until and not (stage.input and build.is_running)
        running = "PAUSED_PENDING_INPUT" if stage.input else "IN_PROGRESS"
        status = STATUSES[stage.status] if is_over else "ABORTED" if build.ended else running
        yield _node_of(stage, index), stage, begins, min(stage.seconds, until - begins), status
        is_halted = is_halted or not is_over or stage.status == "FAILURE"
        ends = max(ends, begins + stage.seconds)


def _stage(build: Build, number: int, stage: StagePlan, started: float, seconds: float, status: str) -> dict[str, Any]:
    shown = {
        "_links": {"self": {"href": f"{_path(build)}/execution/node/{number}/wfapi/describe"}},
        "id": str(number),
        "name": stage.name,
        "execNode": "",
        "status": status,
        "startTimeMillis": millis(started),
        "durationMillis": millis(seconds),
        "pauseDurationMillis": 0,
    }
    if status == "FAILED":
        shown["error"] = {"message": stage.error or "script returned exit code 1", "type": "hudson.AbortException"}
    elif status == "ABORTED":
        shown["error"] = {"message": "Queue task was cancelled", "type": _ABORTED}
    return shown


def _path(build: Build) -> str:
    return "".join(f"/job/{quote(part)}" for part in build.job.full_name.split("/")) + f"/{build.number}"
