"""The records of a Jenkins: users, jobs with their parameters, builds, queue items."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["freestyle", "pipeline", "folder", "multibranch"]
ParameterType = Literal["string", "boolean", "choice", "text", "password", "file", "run"]

JAVA_CLASSES: Final[dict[Kind, str]] = {
    "freestyle": "hudson.model.FreeStyleProject",
    "pipeline": "org.jenkinsci.plugins.workflow.job.WorkflowJob",
    "folder": "com.cloudbees.hudson.plugins.folder.Folder",
    "multibranch": "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject",
}
CONTAINERS: Final = ("folder", "multibranch")


@dataclass
class User:
    """A user with what they may do, written like Job/Read; `jobs` limits the permissions on jobs to some of them."""

    name: str
    token: str = ""
    password: str = ""
    permissions: frozenset[str] = frozenset()

    def may(self, permission: str) -> bool:
        """Return whether the user has a permission; Overall/Administer contains every other."""
        return bool({permission, "Overall/Administer"} & self.permissions)


@dataclass(frozen=True)
class Parameter:
    """A parameter that a job takes; `default` is that of a choice only if `choices` is empty."""

    name: str
    type: ParameterType = "string"
    description: str | None = None
    default: str | bool | None = None
    choices: tuple[str, ...] = ()
    project: str = ""
    trim: bool = False


@dataclass(frozen=True)
class TestResult:
    """One test of a build."""

    __test__ = False  # for pytest

    name: str
    class_name: str = ""
    suite: str = "suite"
    status: str = "PASSED"
    duration: float = 0.0
    error: str | None = None
    trace: str | None = None
    skipped: str | None = None


@dataclass(frozen=True)
class StagePlan:
    """A stage of a pipeline: how long it takes, how it ends, and what its one step prints."""

    name: str
    seconds: float = 1.0
    status: str = "SUCCESS"
    log: str = ""
    error: str | None = None
    input: str | None = None
    node: int = 0  # its id in the pipeline; 0: one that follows from its place
    parallel: bool = False  # whether it runs in parallel to the stage before it, and begins with it


@dataclass(frozen=True)
class Plan:
    """The course of a build: it prints its log evenly over its time, and ends with its result."""

    seconds: float = 1.0
    result: str = "SUCCESS"
    log: str = ""
    stages: tuple[StagePlan, ...] = ()
    artifacts: dict[str, bytes] = field(default_factory=dict)
    tests: tuple[TestResult, ...] = ()
    changes: tuple[dict[str, object], ...] = ()
    ignores_stop: bool = False


@dataclass
class Job:
    """A job, a folder or a project with branches."""

    name: str
    kind: Kind = "freestyle"
    parent: Job | None = None
    display_name: str = ""
    description: str | None = ""
    parameters: tuple[Parameter, ...] = ()
    disabled: bool = False
    concurrent: bool = False
    quiet_period: float = 0.0
    label: str = ""
    plan: Plan = field(default_factory=Plan)
    children: dict[str, Job] = field(default_factory=dict)
    builds: list[Build] = field(default_factory=list)  # the oldest first
    next_number: int = 1
    hidden: bool = False  # from everybody who has no Overall/Administer

    @property
    def full_name(self) -> str:
        """The name after those of its folders."""
        return f"{self.parent.full_name}/{self.name}" if self.parent and self.parent.name else self.name

    @property
    def is_container(self) -> bool:
        """Whether it contains jobs instead of having builds."""
        return self.kind in CONTAINERS

    def walk(self) -> Iterator[Job]:
        """Yield everything below, folders included."""
        for child in self.children.values():
            yield child
            yield from child.walk()


@dataclass
class Build:
    """A build. Times are Unix seconds; `ended` is None while it runs."""

    job: Job
    number: int
    queue_id: int
    plan: Plan
    started: float
    causes: list[dict[str, object]]
    parameters: dict[str, str | bool | None] = field(default_factory=dict)
    ended: float | None = None
    result: str | None = None
    stopped_by: str | None = None
    stop_asked_at: float | None = None
    description: str | None = None
    display_name: str = ""

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.ended is None


@dataclass
class Item:
    """Something in the queue, or that was in it."""

    id: int
    job: Job
    since: float
    quiet_until: float
    parameters: dict[str, str | bool | None]
    causes: list[dict[str, object]]
    build: Build | None = None
    cancelled: bool = False
    left_at: float | None = None
    buildable_since: float | None = None

    @property
    def has_left(self) -> bool:
        """Whether it is no longer in the queue."""
        return self.left_at is not None
