"""An agent with the servers of a role file: its configuration as the command writes it, and real processes.

Drone is the simulator over HTTP, in the test's own process, so that all that reaches it can be seen.
"""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio
from mcp import Client

from ci_mcp_simulator.clock import ManualClock
from drone_mcp_config.checking.launching import from_entry
from support.actions_desk import Person
from support.agent import Answer
from support.installed import SERVERS, environment_of, writing_environment_of
from support.patience import PATIENCE
from support.simulator import running_simulator
from support.warm import warm_python

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mcp import StdioServerParameters

    from support.simulator import SimulatorHandle

KEY = "a key of the tests that is long enough"


@dataclass
class Agent:
    """An agent with the servers of its configuration, and the person behind its client."""

    clients: dict[str, Client]
    person: Person

    async def call(self, tool: str, **arguments: Any) -> Answer:
        """Call a tool, of whichever server has it."""
        for client in self.clients.values():
            if tool in {known.name for known in (await client.list_tools()).tools}:
                return Answer(await client.call_tool(tool, arguments))
        raise AssertionError(f"the role has no tool {tool}")


def configured(folder: Path, drone: SimulatorHandle, role: str, **env: str) -> dict[str, StdioServerParameters]:
    """Have the configuration of a role written, and read it as an MCP client would."""
    command = [*warm_python(), "-m", "drone_mcp_config", "--role", role, "--roles-dir", str(folder)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=PATIENCE)
    entries = json.loads((folder / ".mcp.json").read_text(encoding="utf-8"))["mcpServers"]
    tokens = {"DRONE_TOKEN": drone.token("reader"), "DRONE_WRITE_TOKEN": drone.admin_token}
    others: dict[str, str] = {}
    for name in SERVERS:
        others |= environment_of(name) | writing_environment_of(name)
    variables = {**others, "DRONE_SERVER": drone.url, "DRONE_MCP_ACTION_KEY": KEY, **tokens}
    servers = {name: from_entry(entry, variables) for name, entry in entries.items()}
    for server in servers.values():
        server.env = {**(server.env or {}), "DRONE_MCP_LOG_LEVEL": "error", **env}
    return servers


@asynccontextmanager
async def working(servers: dict[str, StdioServerParameters], mode: Any, *names: str) -> AsyncIterator[Agent]:
    """Start servers as the agent's client does."""
    person = Person()
    async with AsyncExitStack() as stack:
        clients = {
            name: await stack.enter_async_context(Client(servers[name], mode=mode, elicitation_callback=person))
            for name in names
        }
        yield Agent(clients, person)


@asynccontextmanager
async def drone_now(world: Path, *, ago: float = 0) -> AsyncIterator[SimulatorHandle]:
    """Run Drone from this moment on: the processes go by the machine's clock."""
    with anyio.fail_after(PATIENCE):
        async with running_simulator(world, socket=True, clock=ManualClock(float(int(time.time() - ago)))) as drone:
            yield drone


def writes(drone: SimulatorHandle) -> list[str]:
    return [f"{asked.method} {asked.path}" for asked in drone.asked if asked.method != "GET"]


def verified(audit: Path) -> subprocess.CompletedProcess[str]:
    """Check the audit file, as whoever runs the servers would."""
    command = [*warm_python(), "-m", "drone_mcp_actions", "audit", "verify", str(audit)]
    env = {"DRONE_MCP_ACTION_KEY": KEY}
    return subprocess.run(command, env=env, check=False, capture_output=True, text=True, timeout=PATIENCE)
