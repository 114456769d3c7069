"""Measures what questions about a fleet cost, next to the bare request of the same Coder in the same run.

    python benchmarks/fleet.py [--rounds N] [--check]

A process of `drone-mcp-fleet` asks a simulated Coder in this one, which has 50 agents, one of them with 200 tasks. The
reference sends the bare request with httpx. Rounds alternate, and the best of ours is compared with the best of the
reference, because whatever else the machine does only adds to a round. The simulated Coder takes the time that the
recorded one took (`RECORDED`), because a ratio to an answer out of memory would say nothing. What is measured:

    list      who works on what and who is stuck: calls, requests, time, tokens. Coder's own MCP server takes a call for
              the list, which has no states, and one for each agent
    roles, projects   requests and time, once a version of a template is known; the reference reads the list of
              templates, or that and the list of workspaces
    history   requests and time for the first page of 20 of 200 tasks; the reference reads as many builds. `cold` is the
              page of an agent that the process has not read before
    create    requests until it is answered, and for the first creation of a process
    wait      requests until an agent has done its task
    tools     tokens of `tools/list`

With --check the status is 1 where a budget is broken.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.from_thread
import httpx

from ci_mcp_kit.token_count import count_tokens
from ci_mcp_simulator.clock import RealClock
from ci_mcp_simulator.faults import Fault
from coder_simulator.app import serving
from coder_simulator.records import Build
from coder_simulator.scenario import Scenario, make_world
from fleet_mcp.rules.past_tasks import BUILDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from anyio.from_thread import BlockingPortal

    from coder_simulator.world import World

LIST_TIME, OTHER_TIME = 1.5, 3.0  # ratios to the reference
LIST_TOKENS, TOOLS_TOKENS = 2_500, 2_500
REQUESTS = {
    "list": 1,
    "roles": 2,
    "projects": 2,
    "history": 1,
    "history cold": 2,
    "create": 3,
    "create cold": 3,
    "wait": 2,
}
AGENTS, TASKS = 50, 200
RECORDED = {
    "GET /api/v2/workspaces": 0.056 / 14 * AGENTS,
    "GET /api/v2/templates": 0.021,
    "GET /api/v2/templateversions/*/rich-parameters": 0.012,
    "GET /api/v2/users/me": 0.018,
    "GET /api/v2/users/*/workspace/*": 0.038,
    "GET /api/v2/workspaces/*/builds": 0.040,
    "POST /api/v2/templateversions/*/dynamic-parameters/evaluate": 0.028,
}
"""Route -> seconds that Coder 2.36 took, which had 14 workspaces and one template."""
STARTED = 5.0  # seconds after which all agents are ready
READS, WRITES = "benchmark1-onlyreadsfromcoder1234", "benchmark2-alsochangescoder123456"
HANDSHAKE = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "benchmark", "version": "1"}}


def make_fleet() -> World:
    """Return a Coder with agents that have just started."""
    projects = ("acme/shop", "acme/blog", "acme/api", "acme/infra")
    agents = {
        f"agent-{number:02}": {
            "owner": "mona",
            "template": "claude-dev",
            "role": ("dev", "reviewer", "ops")[number % 3],
            "project": projects[number % 4],
            "task": "Fix the flaky test in cart_test.py, then open a pull request",
        }
        for number in range(AGENTS)
    }
    tokens = {
        READS: ("coder:workspaces.access", "user:read"),
        WRITES: ("coder:workspaces.access", "coder:workspaces.create"),
    }
    scenario = {"users": {"mona": {"tokens": tokens}}, "templates": {"claude-dev": {"seconds": 0.1}}, "agents": agents}
    return make_world(Scenario.model_validate({**scenario, "limit": 1_000_000}), RealClock())


def add_tasks(world: World) -> None:
    """Give the first agent a history, without waiting for its builds."""
    workspace = world.agent("agent-00")
    for number in range(1, TASKS):
        outcome = {"ai_prompt": f"Task {number}", "last_state": "complete", "last_message": f"Did task {number - 1}"}
        now, values = world.now(), workspace.latest.values | outcome
        build = Build(world.make_id(), number + 1, "start", now, values, workspace.owner, now, now, job="succeeded")
        build.agent = workspace.latest.agent
        workspace.builds.append(build)


@asynccontextmanager
async def coder() -> AsyncIterator[tuple[World, str]]:
    """Serve a fleet whose agents are at work."""
    world = make_fleet()
    async with serving(world) as url:
        await anyio.sleep(STARTED)
        for workspace in world.workspaces.values():
            world.report(workspace, "working", "Reading the tests")
        add_tasks(world)
        for route, seconds in RECORDED.items():
            world.faults.add(Fault(route=route, kind="delay", seconds=seconds))
        yield world, url


class Process:
    """A process of the server, whose calls wait for their answer."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fleet_mcp"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **environment},
        )
        self._number = 0
        self.request("initialize", HANDSHAKE)
        self._send({"method": "notifications/initialized"})

    def request(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Send a request and return its result."""
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        assert self._process.stdout  # noqa: S101 - it is a pipe
        while True:
            answer = json.loads(self._process.stdout.readline())
            if answer.get("id") == self._number:
                return dict(answer["result"])

    def call(self, tool: str, **arguments: Any) -> str:
        """Call a tool and return the text of its answer."""
        result = self.request("tools/call", {"name": tool, "arguments": arguments})
        text = str(result["content"][0]["text"])
        if result.get("isError"):
            raise SystemExit(f"{tool}: {text}")
        return text

    def end(self) -> None:
        """End the process."""
        assert self._process.stdin  # noqa: S101 - it is a pipe
        self._process.stdin.close()
        self._process.wait(timeout=10)

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin  # noqa: S101 - it is a pipe
        self._process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self._process.stdin.flush()


def timed(act: Callable[[], Any]) -> float:
    """Return how long something takes, in seconds."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def read_bare(client: httpx.Client, paths: tuple[str, ...]) -> None:
    """Send the bare requests of a question, one after the other."""
    for path in paths:
        client.get(path).raise_for_status()


def wait_for_report(portal: BlockingPortal, world: World, fleet: Process) -> None:
    """Wait for an agent that reports a second later that it has done its task."""

    def begin() -> None:
        workspace = world.agent("agent-01")
        world.report(workspace, "working", "Nearly there")
        world.timeline.after(1, lambda: world.report(workspace, "complete", "Done"))

    portal.call(begin)  # in the thread of the simulated Coder
    fleet.call("fleet_wait_for_agent", agent="agent-01")


def count_requests(world: World, act: Callable[[], Any]) -> int:
    """Return how many requests reached Coder meanwhile."""
    before = len(world.requests)
    act()
    return len(world.requests) - before


def measure(portal: BlockingPortal, world: World, url: str, rounds: int) -> dict[str, dict[str, float]]:
    """Return the figures of every question."""
    with tempfile.TemporaryDirectory() as folder, httpx.Client(base_url=f"{url}/api/v2", trust_env=False) as bare:
        bare.headers["Coder-Session-Token"] = READS
        environment = {
            "CODER_URL": url,
            "CODER_SESSION_TOKEN": READS,
            "CODER_WRITE_TOKEN": WRITES,
            "FLEET_ACTIONS": "on",
            "FLEET_ACTION_PROJECTS": "acme/*",
            "FLEET_ACTION_RATE": "9999/m",
            "DRONE_MCP_AUDIT_LOG": str(Path(folder) / "audit.jsonl"),
        }
        fleet = Process(environment)
        try:
            return _measure(portal, world, fleet, bare, rounds)
        finally:
            fleet.end()


def _measure(
    portal: BlockingPortal, world: World, fleet: Process, bare: httpx.Client, rounds: int
) -> dict[str, dict[str, float]]:
    questions: dict[str, tuple[Callable[[], Any], tuple[str, ...]]] = {
        "list": (lambda: fleet.call("fleet_list_agents"), ("/workspaces?q=owner:me&limit=500",)),
        "roles": (lambda: fleet.call("fleet_list_roles"), ("/templates",)),
        "projects": (
            lambda: fleet.call("fleet_list_projects"),
            ("/templates", "/workspaces?q=owner:me&limit=500"),
        ),
        "history": (
            lambda: fleet.call("fleet_task_history", agent="agent-00"),
            (f"/workspaces/{world.agent('agent-00').id}/builds?limit={BUILDS}",),
        ),
    }
    new = {"role": "dev", "project": "acme/shop", "task": "Do it"}
    figures: dict[str, dict[str, float]] = {}
    for name, tool, arguments in (
        ("create cold", "fleet_create_agent", {"name": "first", **new}),
        ("create", "fleet_create_agent", {"name": "second", **new}),
        ("history cold", "fleet_task_history", {"agent": "agent-00"}),
    ):
        figures[name] = {"requests": count_requests(world, partial(fleet.call, tool, **arguments))}
    figures["wait"] = {"requests": count_requests(world, partial(wait_for_report, portal, world, fleet))}
    for name, (ask, paths) in questions.items():
        ask()  # what is read once in a process
        reads = partial(read_bare, bare, paths)
        pairs = [(timed(ask), timed(reads)) for _ in range(rounds)]
        ours, theirs = (min(times) for times in zip(*pairs, strict=True))
        figures[name] = {"requests": count_requests(world, ask), "ratio": ours / theirs, "ms": 1000 * ours}
    figures["list"]["tokens"] = count_tokens(fleet.call("fleet_list_agents"))
    figures["tools"] = {
        "tokens": count_tokens(json.dumps(fleet.request("tools/list", {})["tools"], separators=(",", ":")))
    }
    return figures


def find_faults(figures: dict[str, dict[str, float]]) -> list[str]:
    """Return the budgets that are broken."""
    limits = {(name, "requests"): float(most) for name, most in REQUESTS.items()}
    limits |= {(name, "ratio"): OTHER_TIME for name in ("roles", "projects")} | {("list", "ratio"): LIST_TIME}
    limits |= {("list", "tokens"): LIST_TOKENS, ("tools", "tokens"): TOOLS_TOKENS}
    return [
        f"{name}: {figures[name][what]:.2f} {what}, and may have {most:g}"
        for (name, what), most in limits.items()
        if figures[name][what] > most
    ]


def main() -> None:
    """Measure, print, and check."""
    parser = argparse.ArgumentParser(description="What questions about a fleet cost.")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    with anyio.from_thread.start_blocking_portal() as portal, portal.wrap_async_context_manager(coder()) as served:
        figures = measure(portal, *served, options.rounds)
    for name, facts in figures.items():
        print(f"{name:14}" + "  ".join(f"{value:.2f} {what}" for what, value in facts.items()))
    faults = find_faults(figures)
    for fault in faults:
        print(fault)
    raise SystemExit(1 if options.check and faults else 0)


if __name__ == "__main__":
    main()
