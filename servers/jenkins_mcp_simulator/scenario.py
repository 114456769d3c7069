"""Worlds from YAML files: users, machines, jobs with their builds, and what the next builds do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from ci_mcp_simulator.scenarios import read_scenario
from jenkins_mcp_simulator.records import (
    Build,
    Job,
    Kind,
    Parameter,
    ParameterType,
    Plan,
    StagePlan,
    TestResult,
    User,
)
from jenkins_mcp_simulator.world import Node, World

if TYPE_CHECKING:
    from ci_mcp_simulator.clock import Clock

FOLDER: Final = Path(__file__).with_name("scenarios")
BETWEEN_BUILDS: Final = 3600.0  # seconds between the builds of a job's history


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class UserSpec(_Model):
    """A user; `may` are permissions like Job/Build."""

    token: str = ""
    password: str = ""
    may: tuple[str, ...] = ()


class NodeSpec(_Model):
    """A machine; `offline` is the reason for which it is."""

    name: str
    executors: int = 1
    labels: tuple[str, ...] = ()
    offline: str = ""


class ParameterSpec(_Model):
    """A parameter of a job."""

    name: str
    type: ParameterType = "string"
    description: str | None = None
    default: str | bool | None = None
    choices: tuple[str, ...] = ()
    project: str = ""


class StageSpec(_Model):
    """A stage of a build."""

    name: str
    seconds: float = 1.0
    status: str = "SUCCESS"
    log: str = ""
    error: str | None = None
    input: str | None = None
    node: int = 0
    parallel: bool = False


class TestSpec(_Model):
    """A test of a build."""

    __test__ = False  # for pytest

    name: str
    class_name: str = ""
    suite: str = "suite"
    status: str = "PASSED"
    duration: float = 0.0
    error: str | None = None
    trace: str | None = None
    skipped: str | None = None


class BuildSpec(_Model):
    """The course of a build."""

    seconds: float = Field(default=1.0, ge=0)
    result: str = "SUCCESS"
    log: str = ""
    stages: tuple[StageSpec, ...] = ()
    artifacts: dict[str, str] = {}
    tests: tuple[TestSpec, ...] = ()
    changes: tuple[dict[str, Any], ...] = ()
    ignores_stop: bool = False

    def plan(self) -> Plan:
        """Return it as the world has it."""
        return Plan(
            seconds=self.seconds,
            result=self.result,
            log=self.log,
            stages=tuple(StagePlan(**stage.model_dump()) for stage in self.stages),
            artifacts={path: text.encode() for path, text in self.artifacts.items()},
            tests=tuple(TestResult(**test.model_dump()) for test in self.tests),
            changes=self.changes,
            ignores_stop=self.ignores_stop,
        )


class JobSpec(_Model):
    """A job or folder: `builds` are its history, `next` is what a triggered build does."""

    kind: Kind = "freestyle"
    display_name: str = ""
    description: str | None = ""
    parameters: tuple[ParameterSpec, ...] = ()
    disabled: bool = False
    concurrent: bool = False
    quiet_period: float = 0.0
    label: str = ""
    hidden: bool = False
    builds: tuple[BuildSpec, ...] = ()
    next: BuildSpec = BuildSpec()
    jobs: dict[str, JobSpec] = {}


class Scenario(_Model):
    """A whole file."""

    prefix: str = ""
    anonymous_reads: bool = False
    users: dict[str, UserSpec]
    nodes: tuple[NodeSpec, ...] = (NodeSpec(name="Built-In Node", executors=2, labels=("built-in",)),)
    jobs: dict[str, JobSpec] = {}


def load(name: str, clock: Clock) -> World:
    """Return the world of a shipped scenario or of a file.

    Raises:
        ScenarioError: there is none of that name, or it is invalid.
    """
    return make_world(read_scenario(Scenario, FOLDER, name), clock)


def make_world(scenario: Scenario, clock: Clock) -> World:
    """Return a world in which the history of a scenario has happened."""
    world = World(clock=clock, prefix=scenario.prefix, anonymous_reads=scenario.anonymous_reads)
    for name, user in scenario.users.items():
        world.users[name] = User(name, user.token, user.password, frozenset(user.may))
    world.nodes = [Node(node.name, node.executors, node.labels, node.offline) for node in scenario.nodes]
    for name, spec in scenario.jobs.items():
        _add_job(world, name, spec, world.root)
    return world


def _add_job(world: World, name: str, spec: JobSpec, parent: Job) -> None:
    job = Job(
        name,
        spec.kind,
        display_name=spec.display_name,
        description=spec.description,
        parameters=tuple(Parameter(**parameter.model_dump()) for parameter in spec.parameters),
        disabled=spec.disabled,
        concurrent=spec.concurrent,
        quiet_period=spec.quiet_period,
        label=spec.label,
        hidden=spec.hidden,
        plan=spec.next.plan(),
    )
    world.add_job(job, parent)
    for age, build in enumerate(reversed(spec.builds), 1):
        started = world.now() - age * BETWEEN_BUILDS
        number = len(spec.builds) - age + 1
        cause: dict[str, object] = {
            "_class": "hudson.triggers.SCMTrigger$SCMTriggerCause",
            "shortDescription": "Started by an SCM change",
        }
        past = Build(job, number, 0, build.plan(), started, [cause], ended=started + build.seconds, result=build.result)
        job.builds.insert(0, past)
    job.next_number = len(spec.builds) + 1
    for child, child_spec in spec.jobs.items():
        _add_job(world, child, child_spec, job)
