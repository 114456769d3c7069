"""Writes the headline of a build and suggests the next step. Pure: `now` is the Unix time of the request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drone_mcp_build.failed_steps import Part, failed_steps
from drone_mcp_build.failure_class import judge_stop
from drone_mcp_builds import failures
from drone_mcp_builds.formatting import (
    clean_error,
    clean_name,
    count_build_seconds,
    count_seconds,
    format_count,
    format_duration,
    join_names,
    name_stage,
    name_step,
)
from drone_mcp_client import status

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_client.models import Build, Stage, Step


def write_headline(build: Build, now: int, limit: int = 0) -> str:
    """Describe the state of the build: its first failure, its running steps, the cause of a stop or of waiting.

    `limit` is the repository's time limit in seconds; 0 where it is not known.
    """
    if build.status == "killed":
        return _killed(build, now, limit)
    describe = _BY_STATUS.get(build.status)
    if describe is None:
        return f"Drone calls its status '{clean_name(build.status)}', which is not known here"
    return describe(build, now)


def suggest_next_step(build: Build) -> str:
    """Suggest the next step to a reader of the build; "" where no step is left."""
    if status.failed_at_trigger(build):
        return "Correct the pipeline file in the repository and push: this build has no stages and no log"
    # Before `is_final`: a held build is `pending`, and to wait for it would be in vain.
    if status.is_held(build):
        return "Ask a repository administrator to approve or decline it; nothing runs until then"
    if not status.is_final(build.status):
        return f"Call drone_wait_for_build with number {build.number} to learn how it ends"
    found = next((failure for failure in failures.find_notable_failures(build) if failure.step), None)
    if found and found.step:
        return f"Read the log of stage {found.stage.number}, step {found.step.number} of build {build.number}"
    return _AFTERWARDS.get(build.status, "")


_AFTERWARDS = {
    "error": "The error is all that Drone knows: no step failed, so no log tells more",
    "failure": "No step failed in it: look at the notes of its stages",
    "killed": "Find the newer build of the same branch, or restart this one if it is still wanted",
    "skipped": "Find the newer build of the same branch",
    "declined": "Ask whoever declined it; a declined build cannot be restarted, a new push makes a new build",
}


def _failed(build: Build, _now: int) -> str:
    word = "failed" if build.status == "failure" else "ended with an error"
    found = failures.find_notable_failures(build)
    if found:
        more = f" (first of {len(found)} failures)" if len(found) > 1 else ""
        return f"{word}: {failures.describe_failure(found[0])}{more}"
    if build.error:
        none_ran = "" if build.stages else "; no step ran"
        return f"{word} before it started: {clean_error(build.error)}{none_ran}"
    return f"{word}; Drone does not say at what"


def _succeeded(build: Build, now: int) -> str:
    steps = [step for stage in build.stages for step in stage.steps]
    passed = sum(step.status == "success" for step in steps)
    took = count_build_seconds(build, now)
    text = f"succeeded in {format_duration(took)}"
    if steps:
        ran = sum(bool(stage.steps) for stage in build.stages)
        text += f": {format_count(passed, 'step')} passed in {format_count(ran, 'stage')}"
    ignored = _steps(build, lambda step: step.errignore and status.is_failure(step.status))
    return text + (f"; a failure is ignored in {join_names(ignored)}" if ignored else "")


def _running(build: Build, now: int) -> str:
    busy = [
        f"{name_step(step, stage)} for {format_duration(count_seconds(step.started, 0, now))}"
        for stage in build.stages
        for step in stage.steps
        if step.status == "running"
    ]
    text = f"running for {format_duration(count_seconds(build.started, 0, now))}"
    text += f": {join_names(busy, 3)}" if busy else _between_steps(build)
    found = failures.find_notable_failures(build)
    if found:
        text += f"; already failed: {failures.describe_failure(found[0])}"
    held = status.blocked_stages(build)
    return text + (f"; waiting for approval: {join_names(map(name_stage, held))}" if held else "")


def _between_steps(build: Build) -> str:
    waiting = [stage for stage in build.stages if stage.status == "pending"]
    if waiting and not any(stage.status == "running" for stage in build.stages):
        return f", now {_for_runner(waiting)}"
    return ", no step at this moment"


def _pending(build: Build, now: int) -> str:
    held = status.blocked_stages(build)
    if held:
        stages = join_names(map(name_stage, held))
        return f"waiting for approval: {stages} will not run until a repository administrator approves"
    text = f"pending for {format_duration(count_seconds(build.created, 0, now))}"
    waiting = [stage for stage in build.stages if stage.status == "pending"]
    return f"{text}, {_for_runner(waiting)}" if waiting else text


def _for_runner(stages: list[Stage]) -> str:
    return "waiting for a runner: " + join_names(
        (f"{name_stage(stage)} {describe_runner(stage)}" for stage in stages), 3
    )


def describe_runner(stage: Stage) -> str:
    """Say which runner a pending stage waits for."""
    if stage.machine:
        return f"was taken by runner '{clean_name(stage.machine)}' and has not started"
    system = "/".join(part for part in (stage.os, stage.arch, stage.variant) if part) or "any system"
    kind = f"{clean_name(stage.type)} runner, " if stage.type else ""
    labels = [clean_name(f"{key}={value}") for key, value in sorted(stage.labels.items())]
    return f"needs {kind}{clean_name(system)}" + (f", labels {join_names(labels)}" if labels else "")


def _killed(build: Build, now: int, limit: int) -> str:
    caught = _steps(build, lambda step: step.status == "killed") or [
        name_stage(stage) for stage in build.stages if stage.status == "killed"
    ]
    if caught:
        took = format_duration(count_build_seconds(build, now))
        text = f"killed after {took} during {join_names(caught, 3)}"
    else:
        text = "killed before any step started"
    found = failures.find_notable_failures(build)
    before = f"; before that, {failures.describe_failure(found[0])}" if found else ""
    return f"{text}{before}. {_why_killed(build, limit)}"


def _why_killed(build: Build, limit: int) -> str:
    """Name the cause of the stop, where it is certain."""
    stopped = [failed for failed in failed_steps(build) if failed.part is Part.STOPPED]
    judged = [judge_stop(failed, limit) for failed in stopped]
    # Less than certain is a guess, and a reader would blame the wrong person or setting for it.
    sure = next((one.why for one in judged if one.confidence == "high"), "")
    if not sure:
        return "Drone does not tell who or what stopped it (a person, automatic cancel or a time limit)"
    return f"{sure[0].upper()}{sure[1:]}"


def _declined(build: Build, _now: int) -> str:
    refused = [name_stage(stage) for stage in build.stages if stage.status == "declined"]
    text = f"declined: {join_names(refused)} was refused approval" if refused else "declined: it was refused approval"
    held = [name_stage(stage) for stage in status.blocked_stages(build)]
    return text + (f"; still open to approval: {join_names(held)}" if held else "")


def _skipped(_build: Build, _now: int) -> str:
    return "skipped: Drone's automatic cancel took it out of the queue, as a newer build of the same branch replaced it"


def _steps(build: Build, wanted: Callable[[Step], bool]) -> list[str]:
    return [name_step(step, stage) for stage in build.stages for step in stage.steps if wanted(step)]


_BY_STATUS: dict[str, Callable[[Build, int], str]] = {
    "success": _succeeded,
    "failure": _failed,
    "error": _failed,
    "running": _running,
    "pending": _pending,
    "blocked": _pending,
    "declined": _declined,
    "skipped": _skipped,
}
