"""The state transitions of a build, pure functions on its records, with Drone's version numbers.

A build goes 1 (created) -> 2 (running) -> 3 (finished), a stage 1 -> 2 (accepted) -> 3 (running) -> 4 (done), a step
1 -> 2 (running) -> 3 (done) -> 4 (saved again with its stage).
harness/drone v2.25.0: `operator/manager/{setup,updater,teardown}.go`, `handler/api/repos/builds/{cancel,stages/*}.go`.
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


class TransitionRefused(Exception):
    """The state of the build does not allow the transition; the text is Drone's."""


def accept(stage: Stage, machine: str) -> None:
    """Assign a pending stage to a runner; its status stays `pending`."""
    stage.machine = machine
    stage.version += 1


def start_stage(build: Build, stage: Stage, steps: Iterable[Step], now: int) -> None:
    """Start a stage with its steps; the first stage also starts the build."""
    stage.status = "running"
    stage.started = stage.updated = now
    stage.version += 1
    stage.steps = list(steps)
    if build.status == "pending":
        build.status = "running"
        build.started = build.updated = now
        build.version += 1


def start_step(step: Step, now: int) -> None:
    """Start a step."""
    step.status = "running"
    step.started = now
    step.version += 1


def finish_step(step: Step, exit_code: int, error: str, now: int) -> None:
    """Finish a step: exit codes 0 and 78 are success; a failure of the runner itself is `error` with 255."""
    step.exit_code = INTERNAL_EXIT if error else exit_code
    step.error = error
    if error:
        step.status = "error"
    else:
        step.status = "success" if exit_code in (0, SKIP_REST_EXIT) else "failure"
    step.stopped = now
    step.version += 1


def skip_step(step: Step, now: int) -> None:
    """Skip a step whose condition does not hold."""
    step.status = "skipped"
    step.started = step.stopped = now
    step.version += 1


def finish_stage(build: Build, stage: Stage, now: int) -> None:
    """Finish a stage whose steps are done; release or skip the stages that depend on it."""
    statuses = {step.status for step in stage.steps if not step.errignore}
    stage.status = next((status for status in ("error", "failure") if status in statuses), "success")
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


def _skip_downstream(build: Build, now: int) -> None:
    failed = any(stage.status in FAILED for stage in build.stages)
    for stage in build.stages:
        wanted = stage.on_failure if failed else stage.on_success
        if stage.status == "waiting_on_dependencies" and not wanted and are_dependencies_done(build, stage):
            stage.status = "skipped"
            stage.started = stage.stopped = now
            stage.version += 1


def _release_downstream(build: Build, now: int) -> None:
    for stage in build.stages:
        if stage.status == "waiting_on_dependencies" and are_dependencies_done(build, stage):
            stage.status = "pending"
            stage.updated = now
            stage.version += 1


def are_dependencies_done(build: Build, stage: Stage) -> bool:
    """Return whether all stages that `stage` depends on are finished."""
    return all(other.status in DONE for other in build.stages if other.name in stage.depends_on)


def finish_build(build: Build, now: int) -> bool:
    """Finish the build once every stage is done; the first failed stage decides its status.

    A declined stage is never done, so a declined build never finishes.
    """
    if build.status != "running" or any(stage.status not in DONE for stage in build.stages):
        return False
    build.status = next((stage.status for stage in build.stages if stage.status in FAILED), "success")
    build.finished = now
    build.version += 1
    return True


def cancel(build: Build, now: int) -> bool:
    """Cancel a build; return whether the build itself changed. Open stages are skipped even in a declined build."""
    changed = build.status in ("pending", "running")
    if changed:
        build.status = "killed"
        build.finished = now
        build.started = build.started or now
        build.version += 1
    for stage in build.stages:
        if stage.status not in DONE and stage.status != "declined":
            _stop_stage(stage, now)
    return changed


def _stop_stage(stage: Stage, now: int) -> None:
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
    """Approve a blocked stage: it becomes `pending`, or waits for its dependencies."""
    if stage.status != "blocked":
        raise TransitionRefused(f'Cannot approve a Pipeline with Status "{stage.status}"')
    stage.status = "waiting_on_dependencies" if stage.depends_on else "pending"
    stage.updated = now
    stage.version += 1


def decline(build: Build, stage: Stage) -> None:
    """Decline one stage and with it the build; the other stages stay blocked."""
    _decline_stage(stage)
    _decline_build(build)


def decline_all(build: Build) -> None:
    """Decline every stage; stop at the first that is not blocked, leaving those before it declined."""
    for stage in build.stages:
        _decline_stage(stage)
    _decline_build(build)


def _decline_stage(stage: Stage) -> None:
    if stage.status != "blocked":
        raise TransitionRefused(f'Cannot decline build with status "{stage.status}"')
    stage.status = "declined"
    stage.version += 1


def _decline_build(build: Build) -> None:
    build.status = "declined"
    build.version += 1
