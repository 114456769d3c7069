"""What happens to a build: pure transitions on its records, with Drone's version numbers.

A build goes 1 (created) -> 2 (running) -> 3 (finished), a stage 1 -> 2 (accepted) -> 3 (running) -> 4 (done), a step
1 -> 2 (running) -> 3 (done) -> 4 (saved again with its stage).
Drone 2.25: `operator/manager/{setup,updater,teardown}.go`, `handler/api/repos/builds/{cancel,stages/*}.go`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drone_mcp_simulator.records import Build, Stage, Step

DONE = frozenset({"success", "failure", "error", "killed", "skipped"})
FAILED = frozenset({"failure", "error", "killed"})
KILLED_EXIT = 130
SKIP_REST_EXIT = 78
INTERNAL_EXIT = 255


class Refused(Exception):
    """A transition that the state of the build does not allow; the text is Drone's."""


def accept(stage: Stage, machine: str) -> None:
    """A runner takes the stage; its status stays `pending`."""
    stage.machine = machine
    stage.version += 1


def start_stage(build: Build, stage: Stage, steps: Iterable[Step], now: int) -> None:
    """The runner begins: steps come into being, and with the first stage the build runs."""
    stage.status = "running"
    stage.started = stage.updated = now
    stage.version += 1
    stage.steps = list(steps)
    if build.status == "pending":
        build.status = "running"
        build.started = build.updated = now
        build.version += 1


def start_step(step: Step, now: int) -> None:
    """A step begins."""
    step.status = "running"
    step.started = now
    step.version += 1


def finish_step(step: Step, exit_code: int, error: str, now: int) -> None:
    """A step ends: 0 and 78 are success, an error of the runner itself is `error` with 255."""
    step.exit_code = INTERNAL_EXIT if error else exit_code
    step.error = error
    if error:
        step.status = "error"
    else:
        step.status = "success" if exit_code in (0, SKIP_REST_EXIT) else "failure"
    step.stopped = now
    step.version += 1


def skip_step(step: Step, now: int) -> None:
    """A step whose condition does not hold is reported once."""
    step.status = "skipped"
    step.started = step.stopped = now
    step.version += 1


def finish_stage(build: Build, stage: Stage, now: int) -> None:
    """All steps are done: the stage is settled, and what waits for it is released or skipped."""
    stage.status = _stage_status(stage.steps)
    if stage.status == "error":
        stage.exit_code = INTERNAL_EXIT
        stage.error = next(step.error for step in stage.steps if step.status == "error")
    stage.stopped = stage.updated = now
    stage.version += 1
    for step in stage.steps:
        step.version += 1
    _skip_downstream(build, now)
    _release_downstream(build, now)
    finish_build(build, now)


def _stage_status(steps: list[Step]) -> str:
    statuses = {step.status for step in steps if not step.errignore}
    return next((status for status in ("error", "failure") if status in statuses), "success")


def _skip_downstream(build: Build, now: int) -> None:
    failed = any(stage.status in FAILED for stage in build.stages)
    for stage in build.stages:
        wanted = stage.on_failure if failed else stage.on_success
        if stage.status == "waiting_on_dependencies" and not wanted and dependencies_done(build, stage):
            stage.status = "skipped"
            stage.started = stage.stopped = now
            stage.version += 1


def _release_downstream(build: Build, now: int) -> None:
    for stage in build.stages:
        if stage.status == "waiting_on_dependencies" and dependencies_done(build, stage):
            stage.status = "pending"
            stage.updated = now
            stage.version += 1


def dependencies_done(build: Build, stage: Stage) -> bool:
    """Are all the stages that `stage` depends on finished?"""
    return all(other.status in DONE for other in build.stages if other.name in stage.depends_on)


def finish_build(build: Build, now: int) -> bool:
    """Settle the build once every stage is done, which a declined one never is: the first failed stage decides."""
    if build.status != "running" or any(stage.status not in DONE for stage in build.stages):
        return False
    build.status = next((stage.status for stage in build.stages if stage.status in FAILED), "success")
    build.finished = now
    build.version += 1
    return True


def cancel(build: Build, now: int) -> bool:
    """Cancel; true when the build itself changed. Open stages of a declined build are skipped even so."""
    changed = build.status in ("pending", "running")
    if changed:
        build.status = "killed"
        build.finished = now
        build.started = build.started or now
        build.version += 1
    for stage in build.stages:
        if stage.status not in DONE and stage.status != "declined":
            _stop(stage, now)
    return changed


def _stop(stage: Stage, now: int) -> None:
    stage.status = "killed" if stage.started else "skipped"
    stage.started = stage.started or now
    stage.stopped = now
    stage.version += 1
    for step in stage.steps:
        if step.status in DONE:
            continue
        step.status = "killed" if step.started else "skipped"
        step.exit_code = KILLED_EXIT
        step.started = step.started or now
        step.stopped = now
        step.version += 1


def approve(stage: Stage, now: int) -> None:
    """Release a blocked stage: to `pending`, or to waiting where it depends on others."""
    if stage.status != "blocked":
        raise Refused(f'Cannot approve a Pipeline with Status "{stage.status}"')
    stage.status = "waiting_on_dependencies" if stage.depends_on else "pending"
    stage.updated = now
    stage.version += 1


def decline(build: Build, stage: Stage) -> None:
    """Decline one stage, which declines the build at once while its other stages stay blocked."""
    _decline_stage(stage)
    _decline_build(build)


def decline_all(build: Build) -> None:
    """Decline every stage; stops at the first that is not blocked, and those before it stay declined."""
    for stage in build.stages:
        _decline_stage(stage)
    _decline_build(build)


def _decline_stage(stage: Stage) -> None:
    if stage.status != "blocked":
        raise Refused(f'Cannot decline build with status "{stage.status}"')
    stage.status = "declined"
    stage.version += 1


def _decline_build(build: Build) -> None:
    build.status = "declined"
    build.version += 1
