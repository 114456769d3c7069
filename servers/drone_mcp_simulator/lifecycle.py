"""The state transitions of a build, pure functions on its records, with Drone's version numbers.

A build goes 1 (created) -> 2 (running) -> 3 (finished), a stage 1 -> 2 (accepted) -> 3 (running) -> 4 (done), a step
1 -> 2 (running) -> 3 (done) -> 4 (saved again with its stage). A step whose end the runner does not report, such as one
that still runs when its stage ends, is saved with its stage only.
harness/drone v2.25.0: `operator/manager/{setup,updater,teardown}.go`, `handler/api/repos/builds/{cancel,stages/*}.go`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drone_mcp_simulator.records import Build, Stage, Step

DONE = frozenset({"success", "failure", "error", "killed", "skipped"})
FAILED = frozenset({"failure", "error", "killed"})
# Drone gives the steps of a cancelled build an exit code of its own (harness/drone v2.25.0, service/canceler); the
# others are those of the runner (drone/runner-go, pipeline/state.go: kill, finish, fail).
KILLED_EXIT = 130
RUNNER_KILLED_EXIT = 137
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


def finish_stage(build: Build, stage: Stage, now: int, *, killed: bool = False) -> None:
    """Finish a stage; release or skip the stages that depend on it.

    A step that still runs is detached, and counts as successful whatever it exits with, unless the runner kills the
    stage. The first failed step decides (drone/runner-go, `pipeline/state.go`).
    """
    for step in stage.steps:
        if step.status == "pending":
            step.status = "skipped"
            step.started = step.stopped = now
        elif step.status == "running":
            step.status = "killed" if killed else "success"
            step.exit_code = RUNNER_KILLED_EXIT if killed else 0
            step.stopped = now
        step.version += 1
    counting = (step for step in stage.steps if not (step.errignore and step.status == "failure"))
    failed = next((step for step in counting if step.status in FAILED), None)
    stage.status = failed.status if failed else "success"
    stage.exit_code = {"error": INTERNAL_EXIT, "killed": RUNNER_KILLED_EXIT}.get(stage.status, 0)
    stage.error = failed.error if failed else ""
    _end_stage(build, stage, now)


def refuse_stage(build: Build, stage: Stage, error: str, now: int) -> None:
    """Finish a stage that the runner's linter refuses: it has no steps."""
    stage.status = "error"
    stage.error = f"Linter: {error}"
    stage.exit_code = INTERNAL_EXIT
    stage.started = now
    _end_stage(build, stage, now)


def _end_stage(build: Build, stage: Stage, now: int) -> None:
    stage.stopped = stage.updated = now
    stage.version += 1
    _skip_downstream(build, now)
    _release_downstream(build, now)
    finish_build(build, now)


def _skip_downstream(build: Build, now: int) -> None:
    # Any failed stage of the build counts, not only those that the waiting one depends on (teardown.go,
    # cancelDownstream).
    failed = any(stage.status in FAILED for stage in build.stages)
    for stage in build.stages:
        wanted = stage.on_failure if failed else stage.on_success
        if stage.status == "waiting_on_dependencies" and not wanted and are_dependencies_done(build, stage):
            stage.status = "skipped"
            stage.started = stage.stopped = now
            stage.version += 1


def _release_downstream(build: Build, now: int) -> None:
    # Every waiting stage is looked at, whichever has ended: teardown.go, scheduleDownstream, has its check for direct
    # dependents commented out.
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
    if build.status not in ("pending", "running") or any(stage.status not in DONE for stage in build.stages):
        return False
    # By number and not by time: teardown.go goes through the stages in order, up to the first that has failed.
    build.status = next((stage.status for stage in build.stages if stage.status in FAILED), "success")
    build.finished = now
    build.started = build.started or now
    build.version += 1
    return True


def cancel(build: Build, now: int, *, status: str = "killed", runner_first: bool = False) -> bool:
    """Cancel a build; return whether the build itself changed. Open stages are skipped even in a declined build.

    Drone and the runner both save the steps. If the runner is first, the exit codes are its own: 137, and 0 for the
    steps that did not start.
    """
    changed = build.status in ("pending", "running")
    exit_codes = (RUNNER_KILLED_EXIT, 0) if runner_first else (KILLED_EXIT, KILLED_EXIT)
    if changed:
        build.status = status
        build.finished = now
        build.started = build.started or now
        build.version += 1
    for stage in build.stages:
        if stage.status not in DONE and stage.status != "declined":
            _stop_stage(stage, now, exit_codes)
    return changed


def _stop_stage(stage: Stage, now: int, exit_codes: tuple[int, int]) -> None:
    stage.status = "killed" if stage.started else "skipped"
    stage.started = stage.started or now
    stage.stopped = now
    stage.version += 1
    for step in stage.steps:
        if step.status in DONE:
            continue
        step.status = "killed" if step.started else "skipped"
        step.exit_code = exit_codes[0 if step.started else 1]
        step.started = step.started or now
        step.stopped = now
        step.version += 1


def approve(stage: Stage) -> None:
    """Approve a blocked stage: it becomes `pending`, or waits for its dependencies, even if they are done already."""
    if stage.status != "blocked":
        raise TransitionRefused(f'Cannot approve a Pipeline with Status "{stage.status}"')
    stage.status = "waiting_on_dependencies" if stage.depends_on else "pending"
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
