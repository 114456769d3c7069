"""A simulated Coder for tests, and an agent of a fleet server in front of it, with a person behind it.

    async with fleet(tmp_path) as desk:
        answer = await desk.call("fleet_list_agents")

The clock stands still until `await desk.coder.advance(seconds)`, or until the server waits.
"""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio.lowlevel
import yaml
from mcp import Client

from ci_mcp_simulator.clock import ManualClock
from ci_mcp_simulator.faults import Fault
from coder_simulator.app import serving
from coder_simulator.scenario import Scenario, make_world
from fleet_mcp.server import create
from fleet_mcp.settings import FleetSettings
from support.agent import Agent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from coder_simulator.records import Workspace
    from coder_simulator.world import World
    from support.actions_desk import Person

READS = "reading111-atokenofthetests111"
WRITES = "writing222-atokenofthetests222"
SCENARIO = yaml.safe_load(
    f"""
users:
  mona:
    tokens:
      {READS}: ["coder:workspaces.access", "user:read"]
      {WRITES}:
        - coder:workspaces.access
        - coder:workspaces.operate
        - coder:workspaces.create
        - coder:workspaces.delete
templates:
  claude-dev:
    presets:
      Small developer: {{role: dev, project: acme/shop, cpu: "1"}}
agents:
  cart: {{owner: mona, template: claude-dev, role: dev, project: acme/shop, task: Fix the cart}}
  blog: {{owner: mona, template: claude-dev, role: reviewer, project: acme/blog, task: Review the blog}}
"""
)
ON: dict[str, Any] = {
    "FLEET_ACTIONS": "on",
    "FLEET_ACTION_PROJECTS": "acme/*",
    "FLEET_ACTION_CONFIRM": "high",
    "FLEET_ACTION_RATE": "9999/m",
}


@dataclass
class CoderHandle:
    """A simulated Coder that is served on a socket.

    Attributes:
        passes_time: whether a pause of the server lets time pass; else the server pauses until it is interrupted.
    """

    url: str
    world: World
    passes_time: bool = True

    async def pause(self, seconds: float) -> None:
        """Pause the server."""
        await (self.advance(seconds) if self.passes_time else anyio.sleep_forever())

    def environment(self) -> dict[str, str]:
        """What a server needs to ask it, each request once."""
        return {"CODER_URL": self.url, "CODER_SESSION_TOKEN": READS, "DRONE_MCP_RETRIES": "0"}

    def agent(self, name: str) -> Workspace:
        """The workspace of an agent, whose state a test may change."""
        return self.world.agent(name)

    async def advance(self, seconds: float) -> None:
        """Let time pass."""
        await self.world.advance(seconds)

    def report_after(self, seconds: float, name: str, state: str, message: str = "", uri: str = "") -> None:
        """Have an agent report some time from now."""

        def report() -> None:
            self.world.report(self.agent(name), state, message, uri)

        self.world.timeline.after(seconds, report)

    async def watched(self, name: str) -> None:
        """Return once an event stream has sent how an agent stands, and waits for changes."""
        workspace = self.agent(name)
        while not workspace.changed.statistics().tasks_waiting:
            await anyio.lowlevel.checkpoint()

    def break_with(self, kind: str, **settings: Any) -> None:
        """Put a fault into force, for example `break_with("status", status=503, count=1)`."""
        self.world.faults.add(Fault.model_validate({"kind": kind, **settings}))

    @property
    def paths(self) -> list[str]:
        """The methods and paths of the requests that arrived."""
        return [f"{request.method} {request.path}" for request in self.world.requests]

    @property
    def writes(self) -> list[str]:
        """The requests that could have changed anything."""
        return [path for path in self.paths if path.startswith("POST") and not path.endswith("/evaluate")]


@dataclass
class FleetDesk(Agent):
    """An agent at work: its client, the simulated Coder and the audit file."""

    client: Client
    coder: CoderHandle
    audit: Path

    async def counted(self, tool: str, **arguments: Any) -> tuple[Any, int]:
        """Call a tool; return the answer and how many requests it took."""
        before = len(self.coder.world.requests)
        answer = await self.call(tool, **arguments)
        return answer, len(self.coder.world.requests) - before

    @property
    def events(self) -> list[str]:
        """The events of the audit lines."""
        text = self.audit.read_text(encoding="utf-8") if self.audit.exists() else ""
        return [json.loads(line)["event"] for line in text.splitlines()]


@asynccontextmanager
async def running_coder(scenario: Mapping[str, Any] | None = None) -> AsyncIterator[CoderHandle]:
    """Serve a scenario whose agents have started a minute ago."""
    world = make_world(Scenario.model_validate(scenario or SCENARIO), ManualClock())
    await world.advance(60)
    async with serving(world) as url:
        yield CoderHandle(url, world)


@asynccontextmanager
async def desk_at(
    coder: CoderHandle,
    folder: Path,
    person: Person | None = None,
    mode: Any = "auto",
    **env: str,
) -> AsyncIterator[FleetDesk]:
    """Connect an agent to a server in front of a simulated Coder, whose time it has; `env` goes before the rest."""
    audit = folder / "audit.jsonl"
    variables = {
        **coder.environment(),
        "CODER_WRITE_TOKEN": WRITES,
        "DRONE_MCP_AUDIT_LOG": str(audit),
        "AGENT_ROLE": "fleet",
        **env,
    }
    settings = FleetSettings.from_environment({name: text for name, text in variables.items() if text})
    server = create(settings, coder.world.now, coder.pause)
    async with Client(server, mode=mode, elicitation_callback=person) as client:
        yield FleetDesk(client, coder, audit)


@asynccontextmanager
async def fleet(
    folder: Path, scenario: Mapping[str, Any] | None = None, person: Person | None = None, **env: str
) -> AsyncIterator[FleetDesk]:
    """Serve a scenario, and connect an agent that may change nothing unless `env` says so."""
    async with running_coder(scenario) as coder, desk_at(coder, folder, person, **env) as desk:
        yield desk
