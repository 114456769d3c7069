"""The state of one simulated Coder, and what happens in it: builds, agents, reports, conversations."""

from __future__ import annotations

import hashlib
import html
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ci_mcp_simulator.world import SimulatedWorld
from coder_simulator.records import Agent, Build, Message, Report, Template, User, Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from coder_simulator.records import Transition

QUEUED: Final = 0.1  # seconds that a job waits for a provisioner
CONNECTS_AFTER: Final = 0.5  # seconds from the end of a build to the agent's connection, as seen
READY_AFTER: Final = 1.0  # seconds that its startup script takes
LONGEST_METADATA: Final = 65_536  # characters, as seen
LONGEST_VALUE: Final = 130_000  # bytes of a parameter with which Terraform cannot be started, as seen
PROMPT_TOO_LONG: Final = "terraform plan: fork/exec /usr/local/bin/terraform: argument list too long"
METADATA_TOO_LONG: Final = "insert resource metadata: pq: value too long for type character varying(65536)"


@dataclass
class World(SimulatedWorld):
    """The state of a Coder. There are no globals, so a test may use several worlds.

    Attributes:
        limit: requests that a user may send to a path in a minute.
        on_task: is called when an agent has started with a task, or is given a message: what it does then.
    """

    version: str = "v2.36.0"
    access_url: str = "http://127.0.0.1:7080"
    organization: str = "f926e76e-d2e7-4c49-b490-4df05f109275"
    limit: int = 512
    users: dict[str, User] = field(default_factory=dict)
    templates: dict[str, Template] = field(default_factory=dict)
    workspaces: dict[str, Workspace] = field(default_factory=dict)
    on_task: Callable[[World, Workspace, str], None] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.windows: dict[tuple[str, str], tuple[float, int]] = {}
        self._ids = 0

    def make_id(self) -> str:
        """Return the next id, the same in every run."""
        self._ids += 1
        return str(uuid.UUID(bytes=hashlib.sha256(f"id {self._ids}".encode()).digest()[:16], version=4))

    # -- workspaces

    def find(self, owner: str, name: str, *, include_deleted: bool = False) -> Workspace | None:
        """Return the living workspace of a name, else the one that was deleted last where that is asked for."""
        named = [one for one in self.workspaces.values() if one.owner.name == owner and one.name == name]
        living = [one for one in named if not one.is_deleted]
        found = living or (named if include_deleted else [])
        return found[-1] if found else None

    def agent(self, name: str) -> Workspace:
        """Return the only workspace of a name that was not deleted, of any owner."""
        (found,) = (one for one in self.workspaces.values() if one.name == name and not one.is_deleted)
        return found

    def create(self, owner: User, name: str, template: Template, values: dict[str, str]) -> Workspace:
        """Create a workspace, and start it."""
        workspace = Workspace(self.make_id(), name, owner, template, self.now())
        self.workspaces[workspace.id] = workspace
        defaults = {parameter.name: parameter.default for parameter in template.parameters}
        known = {key: value for key, value in values.items() if key in defaults}
        self.build(workspace, "start", defaults | known, owner)
        return workspace

    def build(self, workspace: Workspace, transition: Transition, values: dict[str, str], user: User) -> Build:
        """Begin a build; `values` are all that it has."""
        number = len(workspace.builds) + 1
        build = Build(self.make_id(), number, transition, self.now(), values, user)
        workspace.builds.append(build)
        workspace.publish()
        self.timeline.after(QUEUED, lambda: self._run(workspace, build))
        return build

    def cancel(self, build: Build) -> None:
        """Cancel a build that has not ended; it ends when Terraform lets go of it."""
        build.job, build.canceled = "canceling", self.now()

    def _run(self, workspace: Workspace, build: Build) -> None:
        if build.job in {"pending", "canceling"}:
            build.job, build.started = build.job.replace("pending", "running"), self.now()
            workspace.publish()
            self.timeline.after(workspace.template.seconds, lambda: self._finish(workspace, build))

    def _finish(self, workspace: Workspace, build: Build) -> None:
        build.completed = self.now()
        workspace.publish()
        if build.job == "canceling":
            build.job = "canceled"
            return
        build.error = self._find_fault(workspace, build)
        if build.error:
            build.job = "failed"
            return
        build.job = "succeeded"
        before = workspace.builds[-2].agent if len(workspace.builds) > 1 else None
        if build.transition == "start":
            build.agent = Agent(self.make_id(), self.now())
            build.agent.is_shut_out = before is not None and not workspace.template.renews_machine
            if not build.agent.is_shut_out:
                self.timeline.after(CONNECTS_AFTER, lambda: self._connect(workspace, build))
        if build.then is not None:
            self.build(workspace, build.then, dict(build.values), build.initiator)

    def _find_fault(self, workspace: Workspace, build: Build) -> str:
        # The values of the build before count, too: they are handed to Terraform as the previous ones.
        before = workspace.builds[build.number - 2].values if build.number > 1 else {}
        if any(len(value.encode()) > LONGEST_VALUE for value in (*build.values.values(), *before.values())):
            return PROMPT_TOO_LONG
        shown = [one.name for one in workspace.template.parameters if one.shown_as]
        is_long = any(len(build.values.get(name, "")) > LONGEST_METADATA for name in shown)
        return METADATA_TOO_LONG if is_long else ""

    def _connect(self, workspace: Workspace, build: Build) -> None:
        agent = build.agent
        if agent is not None and workspace.latest is build:
            agent.connected, agent.lifecycle = self.now(), "starting"
            workspace.publish()
            self.timeline.after(READY_AFTER, lambda: self._get_ready(workspace, agent))

    def _get_ready(self, workspace: Workspace, agent: Agent) -> None:
        if agent.lost is not None or workspace.agent is not agent:
            return
        agent.ready, agent.lifecycle = self.now(), "ready"
        workspace.publish()
        agent.messages.append(Message(0, "agent", "Ready.", self.now()))
        task = workspace.latest.values.get("ai_prompt", "")
        if task and self.on_task is not None:
            self.on_task(self, workspace, task)

    # -- agents

    def report(self, workspace: Workspace, state: str, message: str = "", uri: str = "") -> Report:
        """Have the agent of a workspace report."""
        agent = workspace.agent
        if agent is None:
            raise ValueError(f"{workspace.name} has no agent")
        # Escaped and on one line, as Coder stores it (coder/coder v2.36.0, coderd/workspaceagents.go).
        text = html.escape(" ".join(message.splitlines()), quote=False).replace('"', "&#34;").replace("'", "&#39;")
        report = Report(self.make_id(), self.now(), agent.id, workspace.id, "ai", state, text, uri)
        agent.reports.insert(0, report)
        workspace.last_report = report
        workspace.publish()
        return report

    def kill(self, workspace: Workspace) -> None:
        """Kill the process of a workspace's agent; nothing else of the workspace changes."""
        if workspace.agent is not None:
            workspace.agent.lost = self.now()
            workspace.publish()

    def say(self, workspace: Workspace, agent: Agent, content: str) -> None:
        """Give a message to an agent, which begins to work on it."""
        agent.messages.append(Message(len(agent.messages), "user", content, self.now()))
        agent.is_busy = True
        if self.on_task is not None:
            self.on_task(self, workspace, content)

    def answer(self, workspace: Workspace, content: str) -> None:
        """Have the agent of a workspace answer, and wait for the next message."""
        agent = workspace.agent
        if agent is None:
            raise ValueError(f"{workspace.name} has no agent")
        agent.messages.append(Message(len(agent.messages), "agent", content, self.now()))
        agent.is_busy = False
