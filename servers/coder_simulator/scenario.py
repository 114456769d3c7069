"""Worlds from YAML files: users with their tokens, templates, agents, and what an agent does with a task."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict, Field

from ci_mcp_simulator.scenarios import read_scenario
from coder_simulator.records import Option, Parameter, Preset, Template, User
from coder_simulator.world import World

if TYPE_CHECKING:
    from ci_mcp_simulator.clock import Clock
    from coder_simulator.records import Workspace

FOLDER: Final = Path(__file__).with_name("scenarios")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class UserSpec(_Model):
    """A user: token -> its scopes."""

    tokens: dict[str, tuple[str, ...]]
    is_owner: bool = False


class TemplateSpec(_Model):
    """A template that keeps the contract of the fleet server, with these roles and projects.

    Attributes:
        projects: the only ones that can be chosen; without any, every owner/name can be.
        without: parameters that it lacks.
    """

    display_name: str = ""
    description: str = ""
    roles: tuple[str, ...] = ("dev", "reviewer", "ops")
    projects: tuple[str, ...] = ()
    presets: dict[str, dict[str, str]] = {}
    seconds: float = Field(default=3.0, ge=0)
    renews_machine: bool = True
    without: tuple[str, ...] = ()


class StepSpec(_Model):
    """One report of an agent, so many seconds after it began with its task."""

    after: float = Field(ge=0)
    state: str
    message: str = ""
    uri: str = ""


class AgentSpec(_Model):
    """An agent that is there from the beginning."""

    owner: str
    template: str
    role: str
    project: str
    task: str = ""


class Scenario(_Model):
    """A whole file; `steps` are what every agent does with a task."""

    users: dict[str, UserSpec]
    templates: dict[str, TemplateSpec]
    agents: dict[str, AgentSpec] = {}
    steps: tuple[StepSpec, ...] = ()
    limit: int = 512


def load(name: str, clock: Clock) -> World:
    """Return the world of a shipped scenario or of a file.

    Raises:
        ScenarioError: there is none of that name, or it is invalid.
    """
    return make_world(read_scenario(Scenario, FOLDER, name), clock)


def make_world(scenario: Scenario, clock: Clock) -> World:
    """Return a world at the beginning of a scenario."""
    world = World(clock=clock, limit=scenario.limit)
    for name, user in scenario.users.items():
        world.users[name] = User(world.make_id(), name, dict(user.tokens), user.is_owner)
    for name, spec in scenario.templates.items():
        world.templates[name] = _make_template(world, name, spec)

    def do(world: World, workspace: Workspace, _task: str) -> None:
        agent = workspace.agent
        for step in scenario.steps:

            def report(step: StepSpec = step) -> None:
                if workspace.agent is agent and agent is not None and agent.lost is None:
                    world.report(workspace, step.state, step.message, step.uri.replace("{name}", workspace.name))

            world.timeline.after(step.after, report)

    world.on_task = do
    for name, agent in scenario.agents.items():
        values = {"role": agent.role, "project": agent.project, "ai_prompt": agent.task}
        world.create(world.users[agent.owner], name, world.templates[agent.template], values)
    return world


def _make_template(world: World, name: str, spec: TemplateSpec) -> Template:
    parameters = [
        Parameter(
            "role",
            "Role",
            "What the agent is for.",
            mutable=False,
            default=spec.roles[0],
            options=tuple(Option(role, role.title()) for role in spec.roles),
            shown_as="role",
        ),
        Parameter(
            "project",
            "Project",
            "Repository that the agent works on, as owner/name.",
            mutable=False,
            required=True,
            options=tuple(Option(project) for project in spec.projects),
            regex="" if spec.projects else "^([a-z0-9-]+/[a-z0-9-]+)?$",
            error="Must look like owner/name.",
            shown_as="project",
        ),
        Parameter("ai_prompt", "Task", "What the agent does now.", shown_as="task"),
        *(Parameter(one, shown_as=one) for one in ("pull_request", "last_state", "last_message")),
        Parameter("cpu", type="number", default="2", minimum=1, maximum=8),
    ]
    kept = tuple(one for one in parameters if one.name not in spec.without)
    presets = tuple(
        Preset(world.make_id(), title, dict(values), is_default=number == 0)
        for number, (title, values) in enumerate(spec.presets.items())
    )
    return Template(
        world.make_id(),
        name,
        world.make_id(),
        spec.display_name,
        spec.description,
        kept,
        presets,
        spec.seconds,
        spec.renews_machine,
    )
