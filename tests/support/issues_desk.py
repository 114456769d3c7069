"""An issues server behind a real MCP client, before a simulated Drone with its forge."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp import Client

from forge_issues.server import create
from forge_issues.settings import IssueSettings
from support.agent import Agent, Answer
from support.simulator import running_simulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gitea_simulator.records import Event, Issue, Repository
    from support.simulator import SimulatorHandle

SCENARIO = Path(__file__).parent / "issues_world.yaml"
HEAD = "0abbfeb5bdcb92c1f461c276b3f1933835488f68"
SLUG, PULL, FAILED = "octo/hello", 12, 3
ON = {"FORGE_MCP_ACTIONS": "on", "FORGE_MCP_ACTION_REPOS": "octo/*", "FORGE_MCP_ACTION_CONFIRM": "high"}
NOW = 1_795_255_000.0


@dataclass
class IssuesDesk(Agent):
    """A client at work, and what its server has asked."""

    client: Client
    drone: SimulatorHandle
    audit: Path

    @property
    def repo(self) -> Repository:
        """The repository at the forge."""
        return self.drone.world.forge.repos[SLUG]

    @property
    def pull(self) -> Issue:
        return self.repo.issues[PULL]

    @property
    def comments(self) -> list[Event]:
        """Those on the pull request."""
        return self.pull.comments

    @property
    def asked(self) -> list[str]:
        """What reached the forge."""
        return [f"{one.method} {one.path}" for one in self.drone.asked if one.path.startswith("/forge/")]

    @property
    def writes(self) -> list[str]:
        return [asked for asked in self.asked if not asked.startswith("GET")]

    @property
    def lines(self) -> list[dict[str, Any]]:
        text = self.audit.read_text(encoding="utf-8") if self.audit.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    async def ask(self, tool: str, **arguments: Any) -> Answer:
        """Call a tool about the repository, with nothing recorded before."""
        self.drone.forget()
        return await self.call(tool, **{"repo": SLUG, **arguments})


@asynccontextmanager
async def issues_desk(folder: Path, scenario: str | Path = SCENARIO, **env: str) -> AsyncIterator[IssuesDesk]:
    """Start Drone, the forge and a server with the given environment, and connect a client."""
    async with running_simulator(scenario, socket=True) as drone, issues_desk_at(drone, folder, **env) as opened:
        yield opened


@asynccontextmanager
async def issues_desk_at(
    drone: SimulatorHandle, folder: Path, *, mode: Any = "auto", person: Any = None, **env: str
) -> AsyncIterator[IssuesDesk]:
    """Start one more server before a forge that runs, and connect a client."""
    audit = folder / "audit.jsonl"
    variables = {
        "DRONE_SERVER": drone.url,
        "DRONE_TOKEN": drone.token("dev"),
        "FORGE_SERVER": f"{drone.url}/forge",
        "FORGE_TOKEN": "forge-token-of-a-reader",
        "FORGE_WRITE_TOKEN": "forge-token-of-the-bot",
        "DRONE_MCP_AUDIT_LOG": str(audit),
        "DRONE_MCP_RETRIES": "0",
        "AGENT_ROLE": "dev",
        **ON,
        **env,
    }
    server = create(IssueSettings.from_environment(variables), drone.world.now)
    async with Client(server, mode=mode, elicitation_callback=person) as client:
        await client.list_tools()  # as every client does, and for which the forge is asked for the scopes of the tokens
        yield IssuesDesk(client, drone, audit)
