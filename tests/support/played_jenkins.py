"""A simulated Jenkins and its agent for property tests, which are not asynchronous: one of each for many examples.

with played_jenkins() as play:
    folder = play.folder()                      # another one for each example
    answer = play.call("jenkins_list_jobs", folder=folder.full_name)
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from anyio.from_thread import start_blocking_portal
from hypothesis import strategies as st

from jenkins_mcp_simulator.records import Job
from support.jenkins import jenkins_and_agent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from anyio.from_thread import BlockingPortal

    from jenkins_mcp_simulator.world import World
    from support.agent import Agent, Answer
    from support.jenkins import JenkinsHandle

T = TypeVar("T")

# What jenkinsci/jenkins allows in the name of a job (jenkins/model/Jenkins.java, `checkGoodName`), of several scripts.
LETTERS = "abcXYZ019 -_.,()+=~'\"{}äöüßéñ漢字Ω"
names = st.text(LETTERS, min_size=1, max_size=10).filter(lambda name: name.strip() == name and name not in {".", ".."})
several_names = st.lists(names, min_size=1, max_size=12, unique_by=str.casefold)


class PlayedJenkins:
    """A simulated Jenkins and its agent, which run in a thread of their own."""

    # No dataclass: Hypothesis would write out the whole world with a failing example.
    def __init__(self, jenkins: JenkinsHandle, agent: Agent, portal: BlockingPortal) -> None:
        self.jenkins = jenkins
        self.agent = agent
        self.portal = portal
        self._numbers = count(1)

    @property
    def world(self) -> World:
        return self.jenkins.world

    def call(self, tool: str, **arguments: Any) -> Answer:
        """Call a tool and return its answer."""
        return self.portal.call(partial(self.agent.call, tool, **arguments))

    def do(self, action: Callable[..., T], *arguments: Any) -> T:
        """Do something in the simulated Jenkins' own thread."""
        return self.portal.call(action, *arguments)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.portal.call(self.jenkins.advance, seconds)

    def folder(self) -> Job:
        """Return an empty folder, the only thing that is left: a client remembers jobs by their names for seconds."""
        self.world.root.children.clear()
        self.world.items.clear()
        for node in self.world.nodes:
            node.builds.clear()
        return self.world.add_job(Job(f"example {next(self._numbers)}", kind="folder"))

    def job(self, parent: Job, name: str, **fields: Any) -> Job:
        """Put a job into a folder."""
        return self.world.add_job(Job(name, **fields), parent)


@contextmanager
def played_jenkins(scenario: Mapping[str, Any] | None = None, **env: str) -> Iterator[PlayedJenkins]:
    """Serve a scenario, by default one without jobs, and connect an agent to a server in front of it."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(jenkins_and_agent(scenario or {"jobs": {}}, **env)) as (jenkins, agent),
    ):
        yield PlayedJenkins(jenkins, agent, portal)
