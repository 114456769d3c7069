"""Writes the headline of a build. Pure: `now` is the Unix time of the request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_kit.sentences import begin_sentence
from drone_mcp_build.build_wording import clean_name
from drone_mcp_build.stall_detection import POSSIBLE_REASONS, Outlook, describe_pending, outlook_of, waits_for_others
from drone_mcp_build.stopped_build import judge_stopped_build
from drone_mcp_builds import failure_description
from drone_mcp_builds.formatting import (
    clean_error,
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


def _failed(build: Build, _now: int) -> str:
    word = "failed" if build.status == "failure" else "ended with an error"
    found = failure_description.find_notable_failures(build)
    if found:
        more = f" (first of {len(found)} failures)" if len(found) > 1 else ""
        return f"{word}: {failure_description.describe_failure(found[0])}{more}"
    if build.error:
        none_ran = "" if build.stages else "; no step ran"
        return f"{word} before it started: {clean_error(build.error)}{none_ran}"
    return f"{word}; Drone does not say at what"


def _succeeded(build: Build, now: int) -> str:
    steps = [step for stage in build.stages for step in stage.steps]
    passed = sum(step.status == "success" for step in steps)
    took = count_build_seconds(build, now)
    text = f"succeeded in {format_duration(took)}"
    if steps and all(step.status == "skipped" for step in steps):
        return f"{text}, but no step ran: all {format_count(len(steps), 'step')} were skipped"
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
    text += f": {join_names(busy, 3)}" if busy else _between_steps(build, now)
    found = failure_description.find_notable_failures(build)
    if found:
        text += f"; already failed: {failure_description.describe_failure(found[0])}"
    held = status.blocked_stages(build)
    return text + (f"; waiting for approval: {join_names(map(name_stage, held))}" if held else "")


def _between_steps(build: Build, now: int) -> str:
    if outlook_of(build, now) is Outlook.STUCK:
        late = [stage for stage in build.stages if not status.is_final(stage.status)]
        return (
            f", but {join_names(map(name_stage, late), 3) or 'nothing'} will never start"
            if late
            else (", but all its stages have ended")
        )
    waiting = [stage for stage in build.stages if stage.status == "pending"]
    if waiting and not any(stage.status == "running" for stage in build.stages):
        return f", now pending: {_describe_waiting(waiting)}"
    return ", no step at this moment"


def _pending(build: Build, now: int) -> str:
    held = status.blocked_stages(build)
    if held:
        stages = join_names(map(name_stage, held))
        return f"waiting for approval: {stages} will not run until a repository administrator approves"
    text = f"pending for {format_duration(count_seconds(build.created, 0, now))}"
    waiting = [stage for stage in build.stages if stage.status == "pending"]
    return f"{text}: {_describe_waiting(waiting)}" if waiting else text


def _describe_waiting(stages: list[Stage]) -> str:
    """Say what pending stages wait for, once for those that wait for the same."""
    reasons: dict[str, list[Stage]] = {}
    for stage in stages:
        reasons.setdefault(describe_pending(stage), []).append(stage)
    text = join_names((f"{join_names(map(name_stage, alike), 3)} {why}" for why, alike in reasons.items()), 2)
    untold = any(not (stage.machine or waits_for_others(stage)) for stage in stages)
    return f"{text} ({POSSIBLE_REASONS})" if untold else text


def _killed(build: Build, now: int, limit: int) -> str:
    caught = _steps(build, lambda step: step.status == "killed") or [
        name_stage(stage) for stage in build.stages if stage.status == "killed"
    ]
    if caught:
        took = format_duration(count_build_seconds(build, now))
        text = f"killed after {took} during {join_names(caught, 3)}"
    else:
        text = "killed before any step started"
    found = failure_description.find_notable_failures(build)
    before = f"; before that, {failure_description.describe_failure(found[0])}" if found else ""
    why = judge_stopped_build(build, limit).why
    return f"{text}{before}. {begin_sentence(why)}"


def _declined(build: Build, _now: int) -> str:
    refused = [name_stage(stage) for stage in build.stages if stage.status == "declined"]
    text = f"declined: {join_names(refused)} was refused approval" if refused else "declined: it was refused approval"
    held = [name_stage(stage) for stage in status.blocked_stages(build)]
    return text + (f"; still open to approval: {join_names(held)}" if held else "")


def _skipped(build: Build, _now: int) -> str:
    ran = _steps(build, lambda step: step.status == "killed")
    what = f"stopped it during {join_names(ran, 3)}" if ran else "took it out of the queue"
    return f"skipped: Drone's automatic cancel {what}, as a newer build of the same branch replaced it"


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
