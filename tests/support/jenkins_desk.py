"""A simulated Jenkins, and an agent that may change it, with a person behind it and an audit file.

async with desk(tmp_path, SCENARIO, Person()) as desk:
    answer = await desk.call("jenkins_stop_build", job="slow", build=1)
"""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import anyio
from mcp import Client

from jenkins_mcp.server import create
from jenkins_mcp.settings import JenkinsSettings
from support.agent import Agent
from support.jenkins import JenkinsHandle, running_jenkins

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from support.actions_desk import Person

ON = {
    "JENKINS_MCP_ACTIONS": "on",
    "JENKINS_MCP_ACTION_JOBS": "**",
    "JENKINS_MCP_ACTION_CONFIRM": "high",
    "JENKINS_MCP_ACTION_RATE": "9999/m",
}
WRITER = {
    "dev": {"token": "a-token-of-the-tests", "may": ["Overall/Read", "Job/Read"]},
    "ops": {
        "token": "a-token-that-writes",
        "password": "ä pass:word",
        "may": ["Overall/Read", "Job/Read", "Job/Build", "Job/Cancel"],
    },
}


@dataclass
class Desk(Agent):
    """An agent at work: its client, the simulated Jenkins and the audit file."""

    client: Client
    jenkins: JenkinsHandle
    audit: Path

    @property
    def writes(self) -> list[str]:
        """What left that could change anything: method and path."""
        return [path for path in self.jenkins.paths if path.startswith("POST")]

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The audit lines."""
        text = self.audit.read_text(encoding="utf-8") if self.audit.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    @property
    def events(self) -> list[str]:
        """The events of the audit lines."""
        return [line["event"] for line in self.lines]


@asynccontextmanager
async def desk(
    folder: Path, scenario: Mapping[str, Any], person: Person | None = None, mode: Any = "auto", **env: str
) -> AsyncIterator[Desk]:
    """Serve a scenario with a user `ops` who may change it, and connect an agent with the token of that user."""
    audit = folder / "audit.jsonl"
    async with running_jenkins({"users": WRITER, **scenario}) as jenkins:
        variables = {
            **jenkins.environment(),
            "JENKINS_WRITE_TOKEN": "ops:a-token-that-writes",
            "DRONE_MCP_AUDIT_LOG": str(audit),
            "AGENT_ROLE": "ops",
            **ON,
            **env,
        }
        settings = JenkinsSettings.from_environment({name: text for name, text in variables.items() if text})
        server = create(settings, jenkins.world.now, jenkins.advance)
        async with Client(server, mode=mode, elicitation_callback=person) as client:
            yield Desk(client, jenkins, audit)


def work(scenario: Mapping[str, Any], act: Callable[[Desk], Awaitable[None]], person: Person | None = None) -> None:
    """Run what an agent does at a desk of its own, for tests that generate what that is."""

    async def run() -> None:
        with TemporaryDirectory() as folder:
            async with desk(Path(folder), scenario, person) as opened:
                await act(opened)

    anyio.run(run)
