"""Calls of the reading tools of the Jenkins server, for property tests of all of them, and a Jenkins to ask."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from support.client_pipes import ServerProcess, warm_server_process
from support.played_properties import Play, playing

if TYPE_CHECKING:
    from collections.abc import Iterator

SCENARIO: Final[dict[str, Any]] = {
    "jobs": {
        "app": {"builds": [{"result": "FAILURE", "artifacts": {"out/a b.txt": "text\n", "b.bin": "\0"}}]},
        "team": {"kind": "folder", "jobs": {"mb": {"kind": "multibranch", "jobs": {"feature%2Fx": {"builds": [{}]}}}}},
    }
}
BUILDS: Final = st.sampled_from(["1", "lastBuild", "lastCompletedBuild"])
JOBS: Final = st.sampled_from(["app", "team/mb/feature%2Fx", "team/mb/feature/x", "https://other.example/job/app/"])
ARGUMENTS: Final[dict[str, st.SearchStrategy[dict[str, Any]]]] = {
    "jenkins_list_jobs": st.fixed_dictionaries(
        {},
        optional={
            "folder": st.sampled_from(["", "team", "team/mb", "/"]),
            "glob": st.sampled_from(["", "a*", "team/**", "[x"]),
            "recursive": st.booleans(),
            "start": st.integers(0, 200),
            "limit": st.integers(1, 100),
        },
    ),
    "jenkins_get_build": st.fixed_dictionaries({"job": JOBS}, optional={"build": BUILDS}),
    "jenkins_list_artifacts": st.fixed_dictionaries({"job": JOBS}, optional={"build": BUILDS, "start": st.integers(0)}),
    "jenkins_get_artifact": st.fixed_dictionaries(
        {"job": st.just("app"), "path": st.sampled_from(["out/a b.txt", "b.bin"])},
        optional={"build": BUILDS, "form": st.sampled_from(["text", "base64"]), "bytes": st.just("0-9")},
    ),
}
CALLS: Final = st.sampled_from(sorted(ARGUMENTS)).flatmap(lambda name: st.tuples(st.just(name), ARGUMENTS[name]))
"""The name of a tool, and arguments with which it succeeds."""


@dataclass
class Session:
    """A process of the server, and the simulated Jenkins that it asks."""

    process: ServerProcess
    play: Play

    def ask(self, number: int | str, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Send a request and return the whole of its response."""
        self.process.send(id=number, method=method, params=params)
        return self.process.receive()

    def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Call a tool and return the result."""
        result: dict[str, Any] = self.ask(1, "tools/call", {"name": tool, "arguments": arguments})["result"]
        return result


@contextmanager
def session() -> Iterator[Session]:
    """Run a process of the server in front of a simulated Jenkins."""
    with (
        playing(SCENARIO) as play,
        warm_server_process("-m", "jenkins_mcp", **play.jenkins.environment()) as process,
    ):
        process.shake_hands()
        yield Session(process, play)
