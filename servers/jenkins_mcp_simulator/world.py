"""The state of one simulated Jenkins, and what happens in it: queue, executors, builds."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from ci_mcp_simulator.world import SimulatedWorld
from jenkins_mcp_simulator.records import Build, Item, Job, User

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


# Seconds for which an item is known after it has left the queue (jenkinsci/jenkins,
# core/src/main/java/hudson/model/Queue.java, `leftItems`).
FORGOTTEN_AFTER: Final = 300.0
STOPPED_AFTER: Final = 0.3  # seconds that a shell step takes to end, as seen
NEVER: Final = float("inf")


@dataclass
class Node:
    """A machine with executors."""

    name: str
    executors: int = 2
    labels: tuple[str, ...] = ()
    offline: str = ""
    builds: list[Build] = field(default_factory=list)

    @property
    def has_room(self) -> bool:
        """Whether it can take another build."""
        return not self.offline and len(self.builds) < self.executors

    def fits(self, label: str) -> bool:
        """Return whether it has the label that a job asks for."""
        return not label or label in self.labels


@dataclass
class World(SimulatedWorld):
    """The state of a Jenkins. There are no globals, so a test may use several worlds.

    Attributes:
        prefix: the path at which it is served, like /ci.
        root_url: the address that an administrator configured, from which every `url` is made.
        starting_until: Unix seconds until which every request is answered by the page of a start.
        unauthorized_until: until which right tokens are refused, as right after a start.
        knows_log_parts: whether logs are sent in two parts on request, with offsets from the end, as since 2.534.
        has_stage_view: whether the stage view plugin is installed.
    """

    prefix: str = ""
    root_url: str = "http://127.0.0.1:8080/"
    anonymous_reads: bool = False
    users: dict[str, User] = field(default_factory=dict)
    root: Job = field(default_factory=lambda: Job("", "folder"))
    nodes: list[Node] = field(default_factory=lambda: [Node("Built-In Node", 2, ("built-in",))])
    items: dict[int, Item] = field(default_factory=dict)
    quieting_down: bool = False
    starting_until: float = 0.0
    unauthorized_until: float = 0.0
    knows_log_parts: bool = True
    has_stage_view: bool = True
    crumbs: dict[str, str] = field(default_factory=dict)  # session -> crumb

    def __post_init__(self) -> None:
        super().__post_init__()
        self._item_ids = count(1)

    # -- jobs

    def find_job(self, parts: list[str]) -> Job | None:
        """Return the job or folder of this path of names, None if there is none."""
        found: Job | None = self.root
        for part in parts:
            children = found.children if found else {}
            # The name of a branch is stored quoted, and is found unquoted, too.
            found = children.get(part) or next((job for job in children.values() if unquote(job.name) == part), None)
        return found

    def add_job(self, job: Job, parent: Job | None = None) -> Job:
        """Put a job into a folder, by default at the top."""
        job.parent = parent or self.root
        job.parent.children[job.name] = job
        return job

    # -- the queue

    def trigger(
        self, job: Job, causes: list[dict[str, object]], parameters: dict[str, str | bool | None], delay: float | None
    ) -> tuple[Item, bool]:
        """Put a build into the queue; return its item, and whether it is a new one.

        An equal one that waits takes the cause in addition (hudson/model/Queue.java, `scheduleInternal`); jobs that may
        run several builds at once have none.
        """
        for item in self.waiting():
            if item.job is job and item.parameters == parameters and not job.concurrent:
                item.causes.extend(causes)
                return item, False
        now = self.now()
        quiet = job.quiet_period if delay is None else delay
        item = Item(next(self._item_ids), job, now, now + quiet, parameters, causes)
        self.items[item.id] = item
        if quiet:
            self.timeline.at(item.quiet_until, self.maintain)
        self.maintain()
        return item, True

    def waiting(self) -> Iterator[Item]:
        """Yield the items of the queue, the oldest first."""
        yield from [item for item in self.items.values() if not item.has_left]

    def cancel(self, item: Item) -> None:
        """Take an item out of the queue."""
        item.cancelled = True
        item.left_at = self.now()

    def find_item(self, number: int) -> Item | None:
        """Return an item that is in the queue or left it a moment ago."""
        item = self.items.get(number)
        if item is None or (item.left_at is not None and self.now() - item.left_at > FORGOTTEN_AFTER):
            return None
        return item

    def maintain(self) -> None:
        """Give executors to the items that can have one."""
        for item in list(self.waiting()):
            if self.find_obstacle(item):
                continue
            node = next((node for node in self.nodes if node.has_room and node.fits(item.job.label)), None)
            if node is None:
                item.buildable_since = item.buildable_since or self.now()
            else:
                self._start(item, node)

    def find_obstacle(self, item: Item) -> str:
        """Return why an item may not run yet, whatever executors are free; "" if it may."""
        if self.now() < item.quiet_until:
            return "quiet"
        if self.quieting_down:
            return "shutdown"
        running = next((build for build in reversed(item.job.builds) if build.is_running), None)
        return f"#{running.number}" if running and not item.job.concurrent else ""

    # -- builds

    def _start(self, item: Item, node: Node) -> None:
        job = item.job
        build = Build(job, job.next_number, item.id, job.plan, self.now(), item.causes, dict(item.parameters))
        job.next_number += 1
        job.builds.append(build)
        node.builds.append(build)
        item.build, item.left_at = build, self.now()
        if build.plan.seconds != NEVER:
            self.timeline.after(build.plan.seconds, lambda: self.finish(build, build.plan.result))

    def finish(self, build: Build, result: str) -> None:
        """End a build that runs."""
        if not build.is_running:
            return
        build.ended, build.result = self.now(), result
        for node in self.nodes:
            node.builds = [other for other in node.builds if other is not build]
        self.maintain()

    def stop(self, build: Build, user: str, *, hard: bool = False) -> None:
        """Ask a build to stop; it ends a moment later, unless it takes no notice and is not killed."""
        if not build.is_running:
            return
        build.stopped_by, build.stop_asked_at = user, self.now()
        if hard or not build.plan.ignores_stop:
            self.timeline.after(STOPPED_AFTER, lambda: self.finish(build, "ABORTED"))

    def find_build(self, job: Job, name: str) -> Build | None:
        """Return a build by its number or permalink, None if there is none."""
        if name.isdecimal():
            return next((build for build in job.builds if build.number == int(name)), None)
        test = PERMALINKS.get(name)
        return next((build for build in reversed(job.builds) if test and test(build)), None)


PERMALINKS: Final[dict[str, Callable[[Build], bool]]] = {
    "lastBuild": lambda _: True,
    "lastCompletedBuild": lambda build: not build.is_running,
    "lastSuccessfulBuild": lambda build: build.result in {"SUCCESS", "UNSTABLE"},
    "lastStableBuild": lambda build: build.result == "SUCCESS",
    "lastUnstableBuild": lambda build: build.result == "UNSTABLE",
    "lastUnsuccessfulBuild": lambda build: not build.is_running and build.result != "SUCCESS",
    "lastFailedBuild": lambda build: build.result == "FAILURE",
}
