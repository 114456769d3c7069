"""The things that a Coder keeps: users, templates, workspaces, builds, agents, reports and conversations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

import anyio

Transition = Literal["start", "stop", "delete"]

# The composite scopes (coder/coder v2.36.0, coderd/rbac/scopes_catalog.go), by what they let a token do here.
_GRANTS: Final = {
    "coder:all": {"read", "app", "start", "stop", "create", "delete", "user", "evaluate", "template"},
    "coder:workspaces.access": {"read", "app", "template"},
    "coder:workspaces.operate": {"read", "start", "stop", "evaluate", "template"},
    "coder:workspaces.create": {"read", "create", "evaluate", "template"},
    "coder:workspaces.delete": {"read", "delete", "evaluate", "template"},
    "template:read": {"template"},
    "workspace:read": {"read"},
    "workspace:start": {"start"},
    "workspace:stop": {"stop"},
    "user:read": {"user", "evaluate"},
}


@dataclass
class User:
    """A user, with tokens and the scopes of each."""

    id: str
    name: str
    tokens: dict[str, tuple[str, ...]] = field(default_factory=dict)
    is_owner: bool = False

    def may(self, token: str, right: str) -> bool:
        """Return whether a token grants a right."""
        return any(right in _GRANTS.get(scope, ()) for scope in self.tokens[token])


@dataclass(frozen=True)
class Option:
    """One value that a parameter can have."""

    value: str
    name: str = ""
    description: str = ""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a template."""

    name: str
    display_name: str = ""
    description: str = ""
    type: str = "string"
    mutable: bool = True
    required: bool = False
    default: str = ""
    options: tuple[Option, ...] = ()
    regex: str = ""
    error: str = ""
    minimum: int | None = None
    maximum: int | None = None
    shown_as: str = ""
    """The key of the metadata that shows it; "" for none."""


@dataclass(frozen=True)
class Preset:
    """Values for the parameters of a template."""

    id: str
    name: str
    values: dict[str, str]
    is_default: bool = False


@dataclass
class Template:
    """A template with one version.

    Attributes:
        seconds: that a build takes.
        renews_machine: whether a start build of a running workspace makes its machine anew. Where it does not, the
            process of before is shut out, and the new agent never connects.
    """

    id: str
    name: str
    version: str
    display_name: str = ""
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    presets: tuple[Preset, ...] = ()
    seconds: float = 3.0
    renews_machine: bool = True
    deprecated: bool = False


@dataclass
class Report:
    """A report of an agent."""

    id: str
    created: float
    agent: str
    app: str
    slug: str
    state: str
    message: str
    uri: str


@dataclass
class Message:
    """One message of a conversation."""

    id: int
    role: str
    content: str
    time: float


@dataclass
class Agent:
    """The process of a workspace during one build.

    Attributes:
        connected: when it connected first; None before.
        ready: when its startup script ended.
        lost: when it was killed.
        is_shut_out: whether it can never connect.
    """

    id: str
    created: float
    connected: float | None = None
    ready: float | None = None
    lost: float | None = None
    is_shut_out: bool = False
    lifecycle: str = "created"
    reports: list[Report] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    is_busy: bool = False

    def status(self, now: float) -> str:
        """Return how it is connected."""
        if self.lost is not None:
            return "disconnected"
        if self.connected is not None:
            return "connected"
        return "timeout" if now - self.created >= CONNECTION_TIMEOUT else "connecting"


CONNECTION_TIMEOUT: Final = 120.0


@dataclass
class Build:
    """One build."""

    id: str
    number: int
    transition: Transition
    created: float
    values: dict[str, str]
    initiator: User
    started: float | None = None
    completed: float | None = None
    canceled: float | None = None
    job: str = "pending"
    error: str = ""
    agent: Agent | None = None
    then: Transition | None = None

    @property
    def is_active(self) -> bool:
        """Whether its job has not ended."""
        return self.job in {"pending", "running", "canceling"}

    @property
    def status(self) -> str:
        """The status of the workspace after it."""
        if self.job == "running":
            return {"start": "starting", "stop": "stopping", "delete": "deleting"}[self.transition]
        if self.job == "succeeded":
            return {"start": "running", "stop": "stopped", "delete": "deleted"}[self.transition]
        return self.job


@dataclass
class Workspace:
    """A workspace with all its builds, oldest first.

    Attributes:
        changed: is set, and replaced, when something changes that Coder reports to those who watch the workspace.
    """

    id: str
    name: str
    owner: User
    template: Template
    created: float
    builds: list[Build] = field(default_factory=list)
    last_report: Report | None = None
    dormant: float | None = None
    changed: anyio.Event = field(default_factory=anyio.Event)

    def publish(self) -> None:
        """Report a change to those who watch."""
        self.changed.set()
        self.changed = anyio.Event()

    @property
    def latest(self) -> Build:
        """The newest build."""
        return self.builds[-1]

    @property
    def is_deleted(self) -> bool:
        """Whether a deletion has succeeded."""
        return self.latest.transition == "delete" and self.latest.job == "succeeded"

    @property
    def agent(self) -> Agent | None:
        """The agent of the newest build."""
        return self.latest.agent
