"""An agent on call: a deployment, the alert after it, the way back. A role file, its configuration, real processes.

Alertmanager is real, Drone is the simulator over HTTP.
"""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from mcp import Client

from ci_mcp_simulator.clock import ManualClock
from drone_mcp_config.checking.launching import from_entry
from support.actions_desk import Person
from support.agent import Answer
from support.monitoring import fire, running_alertmanager
from support.patience import PATIENCE
from support.simulator import running_simulator
from support.warm import warm_python

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from mcp import StdioServerParameters

    from support.simulator import SimulatorHandle

WORLD = Path(__file__).parent / "incident_world.yaml"
SLUG = "octo/shop"
ON_CALL = """
role: on-call
description: Watches production, and takes back what breaks it.
extends: ops
servers:
  deploy:
    mode: on
    guard:
      repos: [octo/shop]
      targets: ["*"]
      confirm: medium
      audit: AUDIT
"""


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "alertmanager"
    folder.mkdir()
    with running_alertmanager(folder) as address:
        yield address


def entries_of(folder: Path, role: str) -> dict[str, Any]:
    """Have the configuration of a role written, and return its servers."""
    command = [*warm_python(), "-m", "drone_mcp_config", "--role", role, "--roles-dir", str(folder)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=PATIENCE)
    servers: dict[str, Any] = json.loads((folder / ".mcp.json").read_text(encoding="utf-8"))["mcpServers"]
    return servers


def started(entry: Any, drone: SimulatorHandle, **environment: str) -> StdioServerParameters:
    """Start a server as a client does that hands its own environment on."""
    tokens = {"DRONE_TOKEN": drone.admin_token, "DRONE_WRITE_TOKEN": drone.admin_token}
    variables = {"DRONE_SERVER": drone.url, **tokens, **environment}
    server = from_entry(entry, variables)
    server.env = {**(server.env or {}), "DRONE_MCP_LOG_LEVEL": "error", **environment}
    return server


@asynccontextmanager
async def on_call(folder: Path, drone: SimulatorHandle, person: Person, **environment: str) -> AsyncIterator[Any]:
    """Start the two servers that the work takes, and return what calls their tools."""
    (folder / "on-call.yaml").write_text(ON_CALL.replace("AUDIT", str(folder / "audit.jsonl")), encoding="utf-8")
    entries = entries_of(folder, "on-call")
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(
                Client(started(entries[name], drone, **environment), elicitation_callback=person)
            )
            for name in ("drone-observe", "drone-deploy")
        ]

        async def call(tool: str, **arguments: Any) -> dict[str, Any]:
            for client in clients:
                if tool in {known.name for known in (await client.list_tools()).tools}:
                    answer = Answer(await client.call_tool(tool, {"repo": SLUG, **arguments}))
                    assert not answer.failed, answer.text
                    return answer.data
            raise AssertionError(f"the role has no tool {tool}")

        yield call


async def test_an_agent_finds_the_deployment_before_an_alert_with_one_call_and_takes_it_back(
    tmp_path: Path, alertmanager: str
) -> None:
    person = Person()
    clock = ManualClock(float(int(time.time())) - 600)  # what happens in the test lies in the past of the processes
    with anyio.fail_after(PATIENCE):
        async with (
            running_simulator(WORLD, socket=True, clock=clock) as drone,
            on_call(tmp_path, drone, person, ALERTMANAGER_SERVER=alertmanager) as call,
        ):
            await call("drone_create_deployment", number=1, target="production")
            await drone.advance(70)
            deployed = await call("drone_create_deployment", number=2, target="production")
            await drone.advance(70)
            fire(alertmanager, drone.world.now() - 5.0, "5 % of requests fail", alertname="Errors", env="production")
            (alert,) = (await call("drone_list_alerts"))["alerts"]
            assert alert["deployment"]["number"] == deployed["deployment"]
            incident = await call("drone_explain_incident", target="production")
            assert f"after deployment {deployed['deployment']} (" in incident["summary"]
            assert [one.split(" ", 1)[1] for one in incident["deployments"][0]["commits"]] == ["Round prices (grace)"]
            await call("drone_rollback_deployment", target="production")
            await drone.advance(70)
            (target,) = (await call("drone_list_deployments"))["targets"]
            assert (target["event"], target["status"], target["source"]) == ("rollback", "success", 1)
    assert len(person.asked) == 3
    audit = (tmp_path / "audit.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["operation"] for line in audit} == {"promote", "rollback"}


def test_an_agent_that_only_reads_builds_does_not_see_that_any_of_this_exists(tmp_path: Path) -> None:
    entries = entries_of(tmp_path, "dev")
    assert "drone-builds" in entries
    assert not {"drone-observe", "drone-deploy"} & entries.keys()
