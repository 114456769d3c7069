"""The runner: takes the stages of a build and plays their steps on the timeline."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from drone_mcp_simulator import lifecycle
from drone_mcp_simulator.concurrency_limits import has_to_wait
from drone_mcp_simulator.records import Step
from drone_mcp_simulator.runner_log import Line, Output, encode_upload, split_into_batches
from drone_mcp_simulator.scm import CLONE_LOG, StageDefinition, StepDefinition
from drone_mcp_simulator.streams import LiveLog

if TYPE_CHECKING:
    from ci_mcp_simulator.event_queue import Timeline
    from drone_mcp_simulator.records import Build, Repo, Stage
    from drone_mcp_simulator.streams import Hub


class Server(Protocol):
    """The parts of the server that the runner uses."""

    timeline: Timeline
    hub: Hub
    logs: dict[int, bytes]

    def now(self) -> int:
        """Return the Unix time in seconds."""

    def next_id(self, table: str) -> int:
        """Return the next primary key of a table."""

    def find_repo(self, build: Build) -> Repo:
        """Return the repository of a build."""

    def list_stages(self, *statuses: str) -> list[tuple[Build, Stage]]:
        """Return all stages in one of the statuses, by id."""

    def publish(self, build: Build) -> None:
        """Send a build to the event streams."""

    def notify_build(self, build: Build, *, nested: bool) -> None:
        """Queue the webhook of a changed build."""


class Runner:
    """Runs every stage for its platforms, any number at once.

    Attributes:
        pickup: seconds between a stage becoming pending and its start.
        grace: seconds between a cancellation and the upload of the log, which is missing until then.
        paused: set by `DELETE /api/queue`; no stage is taken meanwhile.
        reports_cancel_first: whether the runner's exit codes of a cancelled build's steps win over Drone's.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.name = "runner-1"
        self.platforms: tuple[str, ...] = ("linux/amd64",)
        self.pickup = 1.0
        self.grace = 0.5
        self.paused = False
        self.reports_cancel_first = False
        self._held: list[tuple[Build, Stage]] = []  # pending stages that a limit holds back
        self._definitions: dict[int, StageDefinition] = {}
        self._runs: dict[int, StageRun] = {}

    def assign(self, stage: Stage, definition: StageDefinition) -> None:
        """Remember the definition of a stage."""
        self._definitions[stage.id] = definition

    def schedule_pending_stages(self, build: Build) -> None:
        """Schedule the pending stages of a build to start after `pickup` seconds."""
        for stage in build.stages:
            if stage.status == "pending" and not stage.machine:
                self.server.timeline.after(self.pickup, partial(self._take, build, stage))

    def resume(self) -> None:
        """Schedule pending stages again after a pause."""
        self.paused = False
        for build, _ in self.server.list_stages("pending"):
            self.schedule_pending_stages(build)

    def _take(self, build: Build, stage: Stage) -> None:
        # Scheduled `pickup` seconds ago: it may have been cancelled, or taken after a pause, since.
        if self.paused or stage.status != "pending" or stage.machine:
            return
        if stage.kind != "pipeline" or f"{stage.os}/{stage.arch}" not in self.platforms:
            return
        has_limit = stage.limit or stage.throttle
        if has_limit and has_to_wait(stage, [other for _, other in self.server.list_stages("pending", "running")]):
            self._held.append((build, stage))
            return
        lifecycle.accept(stage, self.name)
        self._runs[stage.id] = run = StageRun(self, build, stage, self._definitions[stage.id])
        run.start()

    def end(self, build: Build, stage: Stage) -> None:
        """Note that a stage has ended: stages that waited for it may start."""
        self._runs.pop(stage.id, None)
        self.schedule_pending_stages(build)
        self._retry_held()

    def _retry_held(self) -> None:
        held, self._held = self._held, []
        for pair in held:
            self.server.timeline.after(self.pickup, partial(self._take, *pair))

    def stop(self, build: Build) -> None:
        """Stop the stages of a cancelled build and upload the output of its running steps so far."""
        for stage in build.stages:
            if run := self._runs.pop(stage.id, None):
                run.stop()
        self._retry_held()


class StageRun:
    """One stage being run."""

    def __init__(self, runner: Runner, build: Build, stage: Stage, definition: StageDefinition) -> None:
        self.runner = runner
        self.server = runner.server
        self.build = build
        self.stage = stage
        self.definition = definition
        self.definitions = definition.steps
        if definition.type == "docker" and definition.clone:
            link = self.server.find_repo(build).link
            text = CLONE_LOG.format(ref=build.ref, link=link, branch=build.target, sha=build.after)
            clone = StepDefinition("clone", duration=1.0, image="drone/git:latest", output=Output(text))
            self.definitions = (clone, *definition.steps)
        self._running: dict[int, tuple[float, list[Line]]] = {}  # step id -> start, all its lines
        self._skip_rest = False

    def start(self) -> None:
        """Create the steps and start the stage, unless the runner's linter refuses it."""
        names = [definition.name for definition in self.definitions]
        if len(set(names)) < len(names):
            lifecycle.refuse_stage(self.build, self.stage, "duplicate step name", self.server.now())
            self._end()
            return
        steps = [self._create_step(number, definition) for number, definition in enumerate(self.definitions, 1)]
        lifecycle.start_stage(self.build, self.stage, steps, self.server.now())
        self.server.publish(self.build)
        if self.definition.lost:
            return
        if minutes := self.server.find_repo(self.build).timeout:
            self.server.timeline.after(minutes * 60, self._time_out)
        self._advance()

    def _create_step(self, number: int, definition: StepDefinition) -> Step:
        step = Step(
            id=self.server.next_id("steps"),
            step_id=self.stage.id,
            number=number,
            name=definition.name,
            errignore=definition.ignore_failure,
        )
        if self.stage.type != "exec":  # whose runner reports none of these
            step.depends_on = list(definition.depends_on)
            step.image = definition.image
            step.detached = definition.detached
        return step

    def _advance(self) -> None:
        """Start or skip every step that is ready; finish the stage once no other step runs or can start."""
        while ready := next((pair for pair in self._pairs() if self._is_ready(*pair)), None):
            step, definition = ready
            failed = any(other.status in lifecycle.FAILED and not other.errignore for other in self.stage.steps)
            if ("failure" if failed else "success") in definition.when:
                self._run(step, definition)
            else:
                lifecycle.skip_step(step, self.server.now())
            self._announce()
        if not any(step.status == "running" and not definition.detached for step, definition in self._pairs()):
            self._finish_stage()

    def _pairs(self) -> list[tuple[Step, StepDefinition]]:
        return list(zip(self.stage.steps, self.definitions, strict=True))

    def _is_ready(self, step: Step, definition: StepDefinition) -> bool:
        """Return whether a step waits and may start: after all before it, or as a graph if any has dependencies.

        Nobody waits for a detached step, and after exit code 78 no other step starts.
        """
        if self._skip_rest or step.status != "pending":
            return False
        is_graph = any(other.depends_on for other in self.definitions)
        before = (
            definition.depends_on if is_graph else tuple(other.name for other in self.definitions[: step.number - 1])
        )
        return all(
            other.status in lifecycle.DONE or (detail.detached and other.status == "running")
            for other, detail in self._pairs()
            if other.name in before
        )

    def _run(self, step: Step, definition: StepDefinition) -> None:
        lifecycle.start_step(step, self.server.now())
        lines = definition.output.lines(definition.duration)
        self._running[step.id] = (self.server.timeline.now(), lines)
        live = self.server.hub.logs[step.id] = LiveLog()
        for batch in split_into_batches(lines):
            self.server.timeline.after(batch[0].time, partial(self._stream, step, live, batch))
        self.server.timeline.after(definition.duration, partial(self._finish_step, step, definition))

    def _stream(self, step: Step, live: LiveLog, batch: list[Line]) -> None:
        # Scheduled when the step began; it may have been cancelled since.
        if step.status == "running":
            live.write(batch)

    def _finish_step(self, step: Step, definition: StepDefinition) -> None:
        if step.status != "running":
            return  # cancelled meanwhile: Drone rejects the runner's report by its optimistic lock
        _, lines = self._running.pop(step.id)
        blob = definition.output.blob
        self.server.logs[step.id] = encode_upload(lines) if blob is None else blob
        if definition.detached:  # whose end the runner does not report
            return
        lifecycle.finish_step(step, definition.exit_code, definition.error, self.server.now())
        self._skip_rest |= definition.exit_code == lifecycle.SKIP_REST_EXIT
        self.server.hub.close_log(step.id)
        self._announce()
        self._advance()

    def _announce(self) -> None:
        self.server.publish(self.build)
        self.server.notify_build(self.build, nested=True)

    def _time_out(self) -> None:
        if self.stage.status == "running":
            self._finish_stage(killed=True)

    def _finish_stage(self, *, killed: bool = False) -> None:
        lifecycle.finish_stage(self.build, self.stage, self.server.now(), killed=killed)
        for step in self.stage.steps:
            self.server.hub.close_log(step.id)
        self.stop()
        self._end()

    def _end(self) -> None:
        if self.build.finished:
            self._announce()
        self.runner.end(self.build, self.stage)

    def stop(self) -> None:
        """Upload the output of running steps so far after `grace` seconds.

        The live streams stay open if the build was cancelled, as in Drone.
        """
        now = self.server.timeline.now()
        for step_id, (started, lines) in self._running.items():
            printed = [line for line in lines if line.time <= now - started]
            self.server.timeline.after(
                self.runner.grace, partial(self.server.logs.__setitem__, step_id, encode_upload(printed))
            )
        self._running.clear()
