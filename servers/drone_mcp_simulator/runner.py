"""The runner: takes the stages of a build and plays their steps on the time line."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from drone_mcp_simulator import lifecycle
from drone_mcp_simulator.output import Line, Output, batches, upload
from drone_mcp_simulator.records import Step
from drone_mcp_simulator.scm import CLONE_LOG, StagePlan, StepPlan
from drone_mcp_simulator.streams import LiveLog

if TYPE_CHECKING:
    from drone_mcp_simulator.records import Build, Repo, Stage
    from drone_mcp_simulator.streams import Hub
    from drone_mcp_simulator.timeline import Timeline


class Server(Protocol):
    """What a runner needs of the server that it works for."""

    timeline: Timeline
    hub: Hub
    logs: dict[int, bytes]

    def now(self) -> int:
        """Unix seconds."""

    def next_id(self, table: str) -> int:
        """The next primary key of a table."""

    def repo_of(self, build: Build) -> Repo:
        """The repository of a build."""

    def stages(self, *statuses: str) -> list[tuple[Build, Stage]]:
        """All stages in one of the states, by id."""

    def publish(self, build: Build) -> None:
        """Send a build to the feeds."""

    def notify_build(self, build: Build, *, nested: bool) -> None:
        """Send the webhook of a changed build."""


class Runner:
    """Plays every stage whose platform it has; any number at once.

    Attributes:
        pickup: seconds from a stage being pending to its start.
        grace: seconds from a cancel to the log's upload; until then the log is missing.
        paused: set by `DELETE /api/queue`; nothing is taken meanwhile.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.name = "runner-1"
        self.platforms: tuple[str, ...] = ("linux/amd64",)
        self.pickup = 1.0
        self.grace = 0.5
        self.paused = False
        self._plans: dict[int, StagePlan] = {}
        self._runs: dict[int, StageRun] = {}

    def plan(self, stage: Stage, plan: StagePlan) -> None:
        """Remember what a stage is to do."""
        self._plans[stage.id] = plan

    def look_for_work(self, build: Build) -> None:
        """Take the pending stages of a build in a little while."""
        for stage in build.stages:
            if stage.status == "pending" and not stage.machine:
                self.server.timeline.after(self.pickup, partial(self._take, build, stage))

    def resume(self) -> None:
        """Take up work again after a pause."""
        self.paused = False
        for build, _ in self.server.stages("pending"):
            self.look_for_work(build)

    def _take(self, build: Build, stage: Stage) -> None:
        if self.paused or stage.status != "pending" or stage.machine:
            return
        if f"{stage.os}/{stage.arch}" not in self.platforms:
            return
        lifecycle.accept(stage, self.name)
        self._runs[stage.id] = run = StageRun(self, build, stage, self._plans[stage.id])
        run.start()

    def stop(self, build: Build) -> None:
        """The build was cancelled: the runner hears of it, stops and uploads what the running steps had printed."""
        for stage in build.stages:
            if run := self._runs.pop(stage.id, None):
                run.stop()


class StageRun:
    """One stage being run."""

    def __init__(self, runner: Runner, build: Build, stage: Stage, plan: StagePlan) -> None:
        self.runner = runner
        self.server = runner.server
        self.build = build
        self.stage = stage
        self.plans = _with_clone(self.server, build, plan)
        self._running: dict[int, tuple[float, list[Line]]] = {}  # step id -> start, all its lines
        self._skip_rest = False

    def start(self) -> None:
        """Make the steps and begin."""
        steps = [self._make_step(number, plan) for number, plan in enumerate(self.plans, 1)]
        lifecycle.start_stage(self.build, self.stage, steps, self.server.now())
        self.server.publish(self.build)
        self._go_on()

    def _make_step(self, number: int, plan: StepPlan) -> Step:
        return Step(
            id=self.server.next_id("steps"),
            step_id=self.stage.id,
            number=number,
            name=plan.name,
            errignore=plan.ignore_failure,
            depends_on=list(plan.depends_on),
            image=plan.image,
        )

    def _go_on(self) -> None:
        """Start or skip every step that is ready; settle the stage when none is left."""
        ready = next((pair for pair in self._pending() if self._is_ready(*pair)), None)
        while ready:
            self._begin(*ready)
            ready = next((pair for pair in self._pending() if self._is_ready(*pair)), None)
        if all(step.status in lifecycle.DONE for step in self.stage.steps):
            self._finish()

    def _pending(self) -> list[tuple[Step, StepPlan]]:
        pairs = zip(self.stage.steps, self.plans, strict=True)
        return [(step, plan) for step, plan in pairs if step.status == "pending"]

    def _is_ready(self, step: Step, plan: StepPlan) -> bool:
        """One after another; as a graph as soon as any step names what it depends on."""
        is_graph = any(other.depends_on for other in self.plans)
        before = plan.depends_on if is_graph else tuple(other.name for other in self.plans[: step.number - 1])
        return all(other.status in lifecycle.DONE for other in self.stage.steps if other.name in before)

    def _begin(self, step: Step, plan: StepPlan) -> None:
        failed = any(other.status in lifecycle.FAILED and not other.errignore for other in self.stage.steps)
        if self._skip_rest or ("failure" if failed else "success") not in plan.when:
            lifecycle.skip_step(step, self.server.now())
        else:
            self._run(step, plan)
        self._tell()

    def _run(self, step: Step, plan: StepPlan) -> None:
        lifecycle.start_step(step, self.server.now())
        lines = plan.output.lines(plan.duration)
        self._running[step.id] = (self.server.timeline.now(), lines)
        live = self.server.hub.logs[step.id] = LiveLog()
        for batch in batches(lines):
            self.server.timeline.after(batch[0].time, partial(self._write, step, live, batch))
        self.server.timeline.after(plan.duration, partial(self._end, step, plan))

    def _write(self, step: Step, live: LiveLog, batch: list[Line]) -> None:
        if step.status == "running":
            live.write(batch)

    def _end(self, step: Step, plan: StepPlan) -> None:
        if step.status != "running":
            return  # cancelled meanwhile: the runner's report loses the optimistic lock
        _, lines = self._running.pop(step.id)
        blob = plan.output.blob
        self.server.logs[step.id] = upload(lines) if blob is None else blob
        lifecycle.finish_step(step, plan.exit_code, plan.error, self.server.now())
        self._skip_rest |= plan.exit_code == lifecycle.SKIP_REST_EXIT
        self.server.hub.close_log(step.id)
        self._tell()
        self._go_on()

    def _tell(self) -> None:
        self.server.publish(self.build)
        self.server.notify_build(self.build, nested=True)

    def _finish(self) -> None:
        lifecycle.finish_stage(self.build, self.stage, self.server.now())
        if self.build.finished:
            self._tell()
        self.runner.look_for_work(self.build)

    def stop(self) -> None:
        """Upload, a little later, what the steps had printed by now. Their live streams stay open for good."""
        now = self.server.timeline.now()
        for step_id, (started, lines) in self._running.items():
            printed = [line for line in lines if line.time <= now - started]
            self.server.timeline.after(
                self.runner.grace, partial(self.server.logs.__setitem__, step_id, upload(printed))
            )
        self._running.clear()


def _with_clone(server: Server, build: Build, plan: StagePlan) -> tuple[StepPlan, ...]:
    if plan.type != "docker" or not plan.clone:
        return plan.steps
    text = CLONE_LOG.format(ref=build.ref, link=server.repo_of(build).link, branch=build.target, sha=build.after)
    clone = StepPlan("clone", duration=1.0, image="drone/git:latest", output=Output(text))
    return (clone, *plan.steps)
