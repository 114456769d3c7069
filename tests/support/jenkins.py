"""A simulated Jenkins for tests, and an agent of a Jenkins server in front of it.

    async with jenkins_and_agent() as (jenkins, agent):
        answer = await agent.call("jenkins_get_build", job="library")

The clock stands still until `await jenkins.advance(seconds)`, or until the server sleeps; another one can be given.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio
import yaml
from mcp import Client

from ci_mcp_simulator.clock import ManualClock
from ci_mcp_simulator.faults import Fault
from jenkins_mcp.server import create
from jenkins_mcp.settings import JenkinsSettings
from jenkins_mcp_simulator.app import serving
from jenkins_mcp_simulator.scenario import Scenario, load, make_world
from support.agent import Agent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from ci_mcp_simulator.clock import Clock
    from ci_mcp_simulator.world import RecordedRequest
    from jenkins_mcp_simulator.records import Job
    from jenkins_mcp_simulator.world import World

DEV = {"dev": {"token": "a-token-of-the-tests", "may": ["Overall/Read", "Job/Read", "Job/Build", "Job/Cancel"]}}


@dataclass
class JenkinsHandle:
    """A simulated Jenkins that is served on a socket."""

    url: str
    world: World

    def environment(self, user: str = "dev") -> dict[str, str]:
        """What a server needs to ask it as one of its users, each request once."""
        found = {"JENKINS_URL": self.url, "JENKINS_USERNAME": user, "JENKINS_MAX_RETRIES": "0"}
        return found | {"JENKINS_API_TOKEN": self.world.users[user].token}

    def job(self, full_name: str) -> Job:
        """One of its jobs, whose state a test may change."""
        found = self.world.find_job(full_name.split("/"))
        assert found, full_name
        return found

    async def advance(self, seconds: float) -> None:
        """Let time pass."""
        await self.world.advance(seconds)

    def break_with(self, kind: str, **settings: Any) -> None:
        """Put a fault into force, for example `break_with("status", status=503, count=1)`."""
        self.world.faults.add(Fault.model_validate({"kind": kind, **settings}))

    @property
    def asked(self) -> list[RecordedRequest]:
        """The requests that arrived."""
        return self.world.requests

    @property
    def paths(self) -> list[str]:
        """The methods and paths of the requests that arrived, as they were sent."""
        return [f"{request.method} {request.path}" for request in self.world.requests]


@asynccontextmanager
async def running_jenkins(
    scenario: str | Mapping[str, Any] = "demo", clock: Clock | None = None
) -> AsyncIterator[JenkinsHandle]:
    """Serve a scenario: a shipped one by name, or one as data or YAML text, whose user is `dev` if it names none."""
    clock = clock or ManualClock()
    if isinstance(scenario, str) and "\n" not in scenario:
        world = load(scenario, clock)
    else:
        data = yaml.safe_load(scenario) if isinstance(scenario, str) else scenario
        world = make_world(Scenario.model_validate({"users": DEV, **data}), clock)
    async with serving(world) as url:
        yield JenkinsHandle(url, world)


@asynccontextmanager
async def agent_of(*jenkins: JenkinsHandle, **env: str) -> AsyncIterator[Agent]:
    """Connect an agent to a server in front of a simulated Jenkins, whose time it has; `env` goes before the rest."""
    environment = {**(jenkins[0].environment() if jenkins else {}), **env}
    settings = JenkinsSettings.from_environment({name: text for name, text in environment.items() if text})
    clock, pause = (jenkins[0].world.now, jenkins[0].advance) if jenkins else (lambda: 0.0, anyio.sleep)
    async with Client(create(settings, clock, pause)) as client:
        yield Agent(client)


@asynccontextmanager
async def jenkins_and_agent(
    scenario: str | Mapping[str, Any] = "demo", **env: str
) -> AsyncIterator[tuple[JenkinsHandle, Agent]]:
    """Serve a scenario, and connect an agent to a server in front of it."""
    async with running_jenkins(scenario) as jenkins, agent_of(jenkins, **env) as agent:
        yield jenkins, agent
