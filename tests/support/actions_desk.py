"""An actions server behind a real MCP client, before a simulated Drone."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp import Client
from mcp.types import ElicitResult

from ci_mcp_kit.guard.audit_chain import Head
from ci_mcp_kit.guard.audit_file import head_path
from drone_mcp_actions.server import create
from drone_mcp_build.guard.settings import ActionSettings
from support.agent import Agent
from support.simulator import running_simulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from support.simulator import SimulatorHandle

SCENARIO = Path(__file__).parent / "actions_world.yaml"
NOW = 1_795_255_000.0
ON = {"DRONE_MCP_ACTIONS": "on", "DRONE_MCP_ACTION_REPOS": "octo/*", "DRONE_MCP_ACTION_CONFIRM": "high"}
ADDITIONS = {"DRONE_MCP_ACTION_PARAMS": "*", "DRONE_MCP_ACTION_DEBUG": "allow"}


# Those that act on an existing build, which they take by its number.
TOOLS = ("drone_restart_build", "drone_stop_build", "drone_approve_build", "drone_decline_build")


@dataclass
class Person:
    """Whoever sits behind the client: what they were asked, and what they answer."""

    says: str = "accept"
    asked: list[str] = field(default_factory=list)
    meanwhile: Callable[[], Any] | None = None

    async def __call__(self, context: Any, params: Any) -> ElicitResult:  # noqa: ARG002 - the SDK's signature
        self.asked.append(params.message)
        if self.meanwhile:
            self.meanwhile()
        content = {"note": "as agreed"} if self.says == "accept" else None
        return ElicitResult.model_validate({"action": self.says, "content": content})


@dataclass
class Desk(Agent):
    """A client at work: the simulator, the audit file, and a clock that stands still."""

    client: Client
    drone: SimulatorHandle
    audit: Path
    clock: list[float]

    @property
    def writes(self) -> list[str]:
        """What left that could change anything."""
        return [f"{asked.method} {asked.path}" for asked in self.drone.asked if asked.method != "GET"]

    @property
    def lines(self) -> list[dict[str, Any]]:
        text = self.audit.read_text(encoding="utf-8") if self.audit.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    @property
    def head(self) -> Head:
        """The head that is kept next to the audit file."""
        return Head.parse(head_path(self.audit).read_text(encoding="utf-8"))

    @property
    def events(self) -> list[str]:
        return [line["event"] for line in self.lines]

    def build(self, repo: str, number: int) -> Any:
        return self.drone.world.find_build(self.drone.world.repos[repo], number)


@asynccontextmanager
async def desk(folder: Path, mode: Any = "auto", person: Person | None = None, **env: str) -> AsyncIterator[Desk]:
    """Start Drone and a server with the given environment, and connect a client, with or without a person."""
    async with (
        running_simulator(SCENARIO, socket=True) as drone,
        desk_at(drone, folder / "audit.jsonl", [NOW], mode, person, **env) as opened,
    ):
        yield opened


@asynccontextmanager
async def desk_at(
    drone: SimulatorHandle,
    audit: Path,
    clock: list[float],
    mode: Any = "auto",
    person: Person | None = None,
    **env: str,
) -> AsyncIterator[Desk]:
    """Start one more server before a Drone that runs, and connect a client."""
    variables = {
        "DRONE_SERVER": drone.url,
        "DRONE_TOKEN": "reader-token",
        "DRONE_WRITE_TOKEN": drone.admin_token,
        "DRONE_MCP_AUDIT_LOG": str(audit),
        "AGENT_ROLE": "ops",
        "SESSION_ID": "session-1",
        "POD_NAME": "pod-1",
        **ON,
        **env,
    }
    server = create(ActionSettings.from_environment(variables), lambda: clock[0])
    async with Client(server, mode=mode, elicitation_callback=person) as client:
        yield Desk(client, drone, audit, clock)
