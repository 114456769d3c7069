"""Plays all examples of a property test against one simulated Jenkins and one agent, which takes milliseconds each.

with playing({"jobs": {"app": {"builds": [{}]}}}) as play:
    answer = play.call("jenkins_get_build", job="app")
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from anyio.from_thread import BlockingPortal, start_blocking_portal

from support.jenkins import JenkinsHandle, jenkins_and_agent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from support.agent import Agent, Answer


@dataclass
class Play:
    """A simulated Jenkins and an agent, which live in another thread."""

    jenkins: JenkinsHandle
    agent: Agent
    portal: BlockingPortal

    def call(self, tool: str, **arguments: Any) -> Answer:
        """Call a tool."""
        return self.portal.call(partial(self.agent.call, tool, **arguments))


@contextmanager
def playing(scenario: Mapping[str, Any], **env: str) -> Iterator[Play]:
    """Serve a scenario, and connect an agent to a server in front of it."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(jenkins_and_agent(scenario, **env)) as (jenkins, agent),
    ):
        yield Play(jenkins, agent, portal)
