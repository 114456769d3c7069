"""The data of Coder's answers, by the recorded ones of Coder 2.36.

What must not leave the process is not read at all: environment variables and scripts of agents, and the values of
sensitive metadata (coder/coder v2.36.0, codersdk/workspaceagents.go and workspaceresources.go).
"""

from __future__ import annotations

from datetime import datetime
from html import unescape
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, AliasPath, BaseModel, BeforeValidator, ConfigDict, Field

T = TypeVar("T")

Many = Annotated[tuple[T, ...], BeforeValidator(lambda value: () if value is None else value)]
"""A list, for which Go writes `null` where it is nil."""

Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
"""A text, "" where Coder has `null`."""


class CoderModel(BaseModel):
    """The base: immutable, ignores unknown fields, and builds its validator on first use, to start fast."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


class AppStatus(CoderModel):
    """A report of an agent. Coder escapes the message for HTML before it stores it."""

    created_at: datetime
    agent_id: str = ""
    state: str
    message: Annotated[Text, AfterValidator(unescape)] = ""
    uri: Text = ""


class App(CoderModel):
    """An application of an agent, with its reports, newest first."""

    slug: str
    health: str = ""
    statuses: Many[AppStatus] = ()


class Agent(CoderModel):
    """The agent process of a workspace. `parent_id` is that of the agent that started it as a sub-agent."""

    id: str
    name: str
    status: str
    lifecycle_state: str = ""
    parent_id: Text = ""
    created_at: datetime | None = None
    ready_at: datetime | None = None
    disconnected_at: datetime | None = None
    apps: Many[App] = ()


def _without_sensitive(items: Any) -> Any:
    return [item for item in items or () if not (isinstance(item, dict) and item.get("sensitive"))]


class Metadatum(CoderModel):
    """A key and value that a template shows."""

    key: str
    value: Text = ""


class Resource(CoderModel):
    """A resource of a build, with its agents and what the template shows of it."""

    type: str = ""
    name: str = ""
    agents: Many[Agent] = ()
    metadata: Annotated[tuple[Metadatum, ...], BeforeValidator(_without_sensitive)] = ()


class Job(CoderModel):
    """The provisioner's job of a build."""

    status: str
    error: Text = ""
    queue_position: int = 0


class Build(CoderModel):
    """One build of a workspace: immutable once its job has ended."""

    id: str
    workspace_id: str
    workspace_name: str = ""
    workspace_owner_name: str = ""
    build_number: int
    transition: str
    status: str = ""
    job: Job
    created_at: datetime
    initiator_name: str = ""
    reason: str = ""
    deadline: datetime | None = None
    resources: Many[Resource] = ()

    @property
    def agents(self) -> tuple[Agent, ...]:
        """All agents of its resources."""
        return tuple(agent for resource in self.resources for agent in resource.agents)

    def metadata(self) -> dict[str, str]:
        """Return all that its resources show, by key."""
        return {item.key: item.value for resource in self.resources for item in resource.metadata}


class Workspace(CoderModel):
    """A workspace with its latest build."""

    id: str
    name: str
    owner_id: str
    owner_name: str
    template_id: str
    template_name: str
    created_at: datetime
    latest_build: Build
    latest_app_status: AppStatus | None = None
    outdated: bool = False
    dormant_at: datetime | None = None


class WorkspacePage(CoderModel):
    """A list of workspaces; `count` is how many match in all."""

    workspaces: Many[Workspace]
    count: int


class User(CoderModel):
    """A user."""

    id: str
    username: str


class Template(CoderModel):
    """A template; new workspaces are made from its active version."""

    id: str
    name: str
    organization_id: Text = ""
    display_name: Text = ""
    description: Text = ""
    active_version_id: str
    deprecated: bool = False


class Option(CoderModel):
    """One value that a parameter can have."""

    name: str = ""
    value: str
    description: Text = ""


class Parameter(CoderModel):
    """A parameter of a template's version."""

    name: str
    description_plaintext: Text = ""
    type: str = "string"
    mutable: bool = False
    required: bool = False
    default_value: Text = ""
    options: Many[Option] = ()
    validation_regex: Text = ""
    validation_error: Text = ""


class PresetParameter(CoderModel):
    """A value that a preset sets."""

    name: str = Field(alias="Name")
    value: str = Field(alias="Value")


class Preset(CoderModel):
    """Values for the parameters of a template's version. Its keys begin with capitals, unlike all others."""

    id: str = Field(alias="ID")
    name: str = Field(alias="Name")
    is_default: bool = Field(default=False, alias="Default")
    parameters: Many[PresetParameter] = Field(default=(), alias="Parameters")


class Diagnostic(CoderModel):
    """What the evaluation of parameters has to say."""

    severity: str
    summary: Text = ""
    detail: Text = ""
    code: Text = Field("", validation_alias=AliasPath("extra", "code"))


class EvaluatedParameter(CoderModel):
    """A parameter as it is for the given inputs."""

    name: str
    diagnostics: Many[Diagnostic] = ()


class Evaluation(CoderModel):
    """The parameters of a template's version for the given inputs."""

    diagnostics: Many[Diagnostic] = ()
    parameters: Many[EvaluatedParameter] = ()


class BuildParameter(CoderModel):
    """The value that a build has for a parameter."""

    name: str
    value: Text = ""


class Message(CoderModel):
    """One message of the conversation with an agent."""

    id: int
    role: str
    content: str
    time: datetime | None = None


class Messages(CoderModel):
    """The whole conversation: AgentAPI has no pages."""

    messages: Many[Message]


class AgentApiStatus(CoderModel):
    """Whether the agent is at work (`running`) or waits for input (`stable`)."""

    status: str


class Accepted(CoderModel):
    """AgentAPI's answer to a message."""

    ok: bool
