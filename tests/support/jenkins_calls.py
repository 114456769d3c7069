"""Calls of every tool of the Jenkins server, for property tests of all of them, and a Jenkins to ask.

Changes are rehearsed.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from support.client_pipes import ServerProcess, warm_server_process
from support.played_jenkins import PlayedJenkins, played_jenkins

if TYPE_CHECKING:
    from collections.abc import Iterator

SCENARIO: Final[dict[str, Any]] = {
    "jobs": {
        "app": {
            "parameters": [{"name": "VERSION"}, {"name": "DRY_RUN", "type": "boolean"}],
            "builds": [
                {
                    "result": "FAILURE",
                    "log": "one\ntwo\nerror: three",
                    "tests": [{"name": "three", "status": "FAILED", "error": "no"}, {"name": "one"}],
                    "artifacts": {"out/a b.txt": "a\n", "b.bin": "\0"},
                }
            ],
        },
        "queued": {},
        "team": {
            "kind": "folder",
            "jobs": {
                "mb": {"kind": "multibranch", "jobs": {"feature%2Fx": {"builds": [{"tests": [{"name": "one"}]}]}}}
            },
        },
    }
}
REHEARSING: Final = {
    "JENKINS_MCP_ACTIONS": "dry-run",
    "JENKINS_MCP_ACTION_JOBS": "**",
    "JENKINS_MCP_ACTION_RATE": "9999/m",
}
EXAMPLE: Final = {
    "JENKINS_URL": "https://ci.example.com",
    "JENKINS_USERNAME": "dev",
    "JENKINS_API_TOKEN": "a-token",
    **REHEARSING,
}
"""The environment of a server whose Jenkins a test plays by itself."""
ITEM: Final = 1
"""An item that waits in the queue."""
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
    "jenkins_get_job": st.fixed_dictionaries({"job": JOBS}),
    "jenkins_get_build": st.fixed_dictionaries({"job": JOBS}, optional={"build": BUILDS}),
    "jenkins_find_builds": st.fixed_dictionaries(
        {"job": JOBS},
        optional={
            "result": st.sampled_from(["FAILURE", "SUCCESS"]),
            "parameter": st.just("VERSION=1"),
            "cause": st.sampled_from(["SCM", "dev"]),
            "commit": st.just("0123456"),
            "since": st.just("2026-05-01T08:00:00Z"),
            "start": st.integers(0, 500),
            "limit": st.integers(1, 50),
        },
    ),
    "jenkins_wait_for_build": st.fixed_dictionaries({"job": JOBS}, optional={"build": BUILDS, "seconds": st.just(0)})
    | st.just({"item": ITEM, "seconds": 0}),
    "jenkins_get_build_log": st.tuples(
        st.fixed_dictionaries({"job": JOBS}, optional={"build": BUILDS, "token_budget": st.integers(200, 20_000)}),
        st.sampled_from([{}, {"tail": 2}, {"head": 1}, {"around": 2}, {"around": -1}]),
    ).map(lambda both: {**both[0], **both[1]}),
    "jenkins_search_build_log": st.fixed_dictionaries(
        {"job": JOBS, "pattern": st.sampled_from(["error", "t.o", "nowhere"])},
        optional={
            "build": BUILDS,
            "literal": st.booleans(),
            "context": st.integers(0, 10),
        },
    ),
    "jenkins_diagnose_build": st.fixed_dictionaries(
        {"job": JOBS}, optional={"build": BUILDS, "token_budget": st.integers(200, 20_000)}
    ),
    "jenkins_get_test_results": st.fixed_dictionaries(
        {"job": JOBS}, optional={"build": BUILDS, "start": st.integers(0, 50)}
    ),
    "jenkins_get_queue": st.fixed_dictionaries(
        {}, optional={"job": st.sampled_from(["app", "queued"]), "limit": st.integers(1, 50)}
    ),
    "jenkins_list_nodes": st.just({}),
    "jenkins_list_artifacts": st.fixed_dictionaries({"job": JOBS}, optional={"build": BUILDS, "start": st.integers(0)}),
    "jenkins_get_artifact": st.fixed_dictionaries(
        {"job": st.just("app"), "path": st.sampled_from(["out/a b.txt", "b.bin"])},
        optional={"build": BUILDS, "form": st.sampled_from(["text", "base64"]), "bytes": st.just("0-9")},
    ),
    "jenkins_trigger_build": st.fixed_dictionaries(
        {"job": st.just("app")},
        optional={
            "parameters": st.fixed_dictionaries({}, optional={"VERSION": st.just("1"), "DRY_RUN": st.booleans()}),
            "dry_run": st.booleans(),
        },
    ),
    "jenkins_rebuild": st.fixed_dictionaries({"job": JOBS, "build": st.just(1)}, optional={"dry_run": st.booleans()}),
    "jenkins_stop_build": st.fixed_dictionaries(
        {"job": JOBS, "build": st.just(1)}, optional={"dry_run": st.booleans()}
    ),
    "jenkins_cancel_queue_item": st.fixed_dictionaries({"item": st.just(ITEM)}, optional={"dry_run": st.booleans()}),
}
CALLS: Final = st.sampled_from(sorted(ARGUMENTS)).flatmap(lambda name: st.tuples(st.just(name), ARGUMENTS[name]))
"""The name of a tool, and arguments with which it succeeds."""


class Session:
    """A process of the server, and the simulated Jenkins that it asks."""

    # No dataclass: Hypothesis would write out the whole world with a failing example.
    def __init__(self, process: ServerProcess, play: PlayedJenkins) -> None:
        self.process = process
        self.play = play

    def ask(self, number: int | str, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Send a request and return the whole of its response."""
        self.process.send(id=number, method=method, params=params)
        return self.process.receive()

    def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Call a tool and return the result."""
        result: dict[str, Any] = self.ask(1, "tools/call", {"name": tool, "arguments": arguments})["result"]
        return result

    @cached_property
    def tools(self) -> dict[str, dict[str, Any]]:
        """The tools as the server lists them, by name."""
        return {tool["name"]: tool for tool in self.ask(1, "tools/list", {})["result"]["tools"]}


@contextmanager
def session() -> Iterator[Session]:
    """Run a process of the server in front of a simulated Jenkins."""
    with (
        played_jenkins(SCENARIO) as play,
        warm_server_process("-m", "jenkins_mcp", **play.jenkins.environment(), **REHEARSING) as process,
    ):
        cause: list[dict[str, object]] = [{"shortDescription": "Started by user dev"}]
        play.portal.call(play.jenkins.world.trigger, play.jenkins.job("queued"), cause, {}, 3600)
        process.shake_hands()
        yield Session(process, play)
