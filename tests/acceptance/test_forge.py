"""The whole way from a red build to its pull request: a role file, its configuration, real processes, Drone, the forge.

Drone and its forge are the simulator over HTTP, in this process, so that all that reaches them can be seen.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from mcp import Client

from ci_mcp_simulator.clock import ManualClock
from drone_mcp_config.checking.launching import from_entry
from support.agent import Answer
from support.installed import SERVERS, environment_of, roles_with, writing_environment_of
from support.issues_desk import FAILED, PULL, SCENARIO, SLUG
from support.patience import PATIENCE
from support.simulator import running_simulator
from support.warm import warm_python

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mcp import StdioServerParameters

    from support.simulator import SimulatorHandle

READER, WRITER = "forge-token-of-a-reader", "forge-token-of-the-bot"
REPORTING = """
role: reporting
description: Says on pull requests why builds failed.
extends: dev
servers:
  issues:
    mode: on
    guard:
      repos: [octo/hello]
      audit: AUDIT
"""


class Worker:
    """An agent with the servers of its configuration."""

    def __init__(self, clients: dict[str, Client]) -> None:
        self.clients = clients

    async def call(self, tool: str, **arguments: Any) -> Answer:
        """Call a tool, of whichever server has it, and return what its text and its data agree on."""
        for client in self.clients.values():
            if tool in {known.name for known in (await client.list_tools()).tools}:
                result = await client.call_tool(tool, {"repo": SLUG, **arguments})
                answer = Answer.__new__(Answer)
                answer.failed, answer.text = bool(result.is_error), result.content[0].text  # type: ignore[union-attr]  # text
                answer.data = result.structured_content or json.loads(answer.text.removeprefix("Error: "))
                return answer
        raise AssertionError(f"the role has no tool {tool}")


def configured(folder: Path, drone: SimulatorHandle, role: str, **env: str) -> dict[str, StdioServerParameters]:
    """Have the configuration of a role written, and read it as an MCP client would."""
    command = [*warm_python(), "-m", "drone_mcp_config", "--role", role, "--roles-dir", str(folder)]
    known = os.environ | {"FORGE_SERVER": f"{drone.url}/forge"}
    subprocess.run(command, cwd=folder, env=known, check=True, capture_output=True, timeout=PATIENCE)
    entries = json.loads((folder / ".mcp.json").read_text(encoding="utf-8"))["mcpServers"]
    others: dict[str, str] = {}
    for name in SERVERS:
        others |= environment_of(name) | writing_environment_of(name)
    forge = {"FORGE_SERVER": f"{drone.url}/forge", "FORGE_TOKEN": READER, "FORGE_WRITE_TOKEN": WRITER}
    variables = {**others, "DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.token("dev"), **forge, **env}
    servers = {name: from_entry(entry, variables) for name, entry in entries.items()}
    for server in servers.values():
        server.env = {**(server.env or {}), "DRONE_MCP_LOG_LEVEL": "error"}
    return servers


@asynccontextmanager
async def working(servers: dict[str, StdioServerParameters], *names: str) -> AsyncIterator[Worker]:
    """Start servers as the agent's client does."""
    async with AsyncExitStack() as stack:
        clients = {name: await stack.enter_async_context(Client(servers[name])) for name in names}
        yield Worker(clients)


@asynccontextmanager
async def drone_now() -> AsyncIterator[SimulatorHandle]:
    """Run Drone and the forge from this moment on: the processes go by the machine's clock."""
    with anyio.fail_after(PATIENCE):
        async with running_simulator(SCENARIO, socket=True, clock=ManualClock(float(int(time.time())))) as drone:
            yield drone


def writes(drone: SimulatorHandle) -> list[str]:
    return [f"{asked.method} {asked.path}" for asked in drone.asked if asked.method != "GET"]


async def test_an_agent_goes_from_a_red_build_to_one_comment_and_one_issue_that_stays_closed(tmp_path: Path) -> None:
    audit = tmp_path / "audit.jsonl"
    (tmp_path / "reporting.yaml").write_text(REPORTING.replace("AUDIT", str(audit)), encoding="utf-8")
    async with drone_now() as drone:
        forge = drone.world.forge
        repo = forge.repos[SLUG]
        servers = configured(tmp_path, drone, "reporting")
        async with working(servers, "drone-logs", "drone-issues") as agent, working(servers, "drone-issues") as replica:
            # From the red build to its pull request, and to the hunk that broke it.
            pull = (await agent.call("drone_get_pull_request", build=FAILED)).data
            assert (pull["number"], pull["checks"]) == (PULL, "failing")
            place = (await agent.call("drone_diagnose_build", number=FAILED)).data["failures"][0]["places"][0]
            path = place.partition(":")[0]
            diff = (await agent.call("drone_get_pull_request_diff", number=PULL, paths=[path])).data
            assert "+    assert mul(2, 3) == 6" in diff["hunks"]
            # The diagnosis once, though two replicas are called twice.
            answers = [await one.call("drone_report_build", build=FAILED) for one in (agent, agent, replica, replica)]
            assert [answer.data["outcome"] for answer in answers] == [
                "done",
                "repeated",
                "nothing_to_do",
                "nothing_to_do",
            ]
            (comment,) = repo.issues[PULL].comments
            assert "assert 5 == 6" in comment.body
            # One issue about the flaky step, which another agent finds, and which stays closed.
            number = (await agent.call("drone_report_flaky_step", step="soak")).data["number"]
            assert (await replica.call("drone_report_flaky_step", step="soak")).data["number"] == number
            forge.set_state(repo.issues[number], forge.users["octavia"], "closed")
        async with working(servers, "drone-issues") as later:
            again = (await later.call("drone_report_flaky_step", step="soak")).data
        assert (again["outcome"], again["number"]) == ("nothing_to_do", number)
        assert repo.issues[number].state == "closed"
        assert writes(drone) == [
            f"POST /forge/api/v1/repos/{SLUG}/issues/{PULL}/comments",
            f"POST /forge/api/v1/repos/{SLUG}/issues",
        ]
    lines = [json.loads(line) for line in audit.read_text(encoding="utf-8").splitlines()]
    assert [line["operation"] for line in lines if line["event"] == "attempt"] == ["report", "track"]
    assert READER not in audit.read_text(encoding="utf-8") + comment.body


async def test_a_token_that_lacks_a_scope_is_told_which(tmp_path: Path) -> None:
    async with drone_now() as drone:
        servers = configured(tmp_path, drone, "dev", FORGE_TOKEN="forge-token-for-code")
        async with working(servers, "drone-issues") as agent:
            answer = await agent.call("drone_list_issues")
    assert answer.data["code"] == "PERMISSION_DENIED"
    assert answer.data["details"]["required_scope"] == "read:issue"


@pytest.mark.parametrize("role", roles_with("issues"))
async def test_with_a_shipped_role_nothing_is_written(tmp_path: Path, role: str) -> None:
    async with drone_now() as drone:
        servers = configured(tmp_path, drone, role)
        server = servers["drone-issues"]
        server.env = {**(server.env or {}), "FORGE_MCP_ACTION_REPOS": "*/*"}
        async with working(servers, "drone-issues") as agent:
            (client,) = agent.clients.values()
            tools = {tool.name for tool in (await client.list_tools()).tools}
            if "drone_report_build" in tools:
                assert (await agent.call("drone_report_build", build=FAILED)).data["outcome"] == "dry_run"
            else:
                assert all(name.startswith(("drone_list", "drone_get")) for name in tools)
                assert not server.env.get("FORGE_WRITE_TOKEN")
        assert writes(drone) == []
