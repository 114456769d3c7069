"""The whole way of a platform engineer's agent with a fleet: the configuration of a role, real processes, the record.

Coder and Drone are the simulators over HTTP, in this process and by the machine's clock.
"""

from __future__ import annotations

import json
import subprocess
from contextlib import asynccontextmanager
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from mcp import Client

from ci_mcp_simulator.clock import RealClock
from coder_simulator.app import serving
from coder_simulator.scenario import Scenario, make_world
from drone_mcp_config.checking.launching import from_entry
from support.actions_desk import Person
from support.agent import Agent
from support.coder import READS, SCENARIO, WRITES
from support.patience import PATIENCE
from support.simulator import running_simulator
from support.warm import warm_python

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mcp import StdioServerParameters

    from coder_simulator.world import World

WORLD = Path(__file__).parents[1] / "support" / "issues_world.yaml"
BRANCH = "https://gitea.example.com/octo/hello/src/branch/feature/multiply"
AGENTS = [f"agent-{number}" for number in range(10)]
ROLE = """
role: engineer
description: Runs the fleet of one team.
extends: fleet
repos: [octo/*]
servers:
  fleet:
    mode: on
    guard:
      projects: [octo/hello, octo/attic]
      rate: 100/h
      confirm: high
      audit: AUDIT
"""


def configured(folder: Path, variables: dict[str, str]) -> dict[str, StdioServerParameters]:
    """Have the configuration of the role written, and read its entries as an MCP client would."""
    (folder / "engineer.yaml").write_text(ROLE.replace("AUDIT", str(folder / "audit.jsonl")), encoding="utf-8")
    command = [*warm_python(), "-m", "drone_mcp_config", "--role", "engineer", "--roles-dir", str(folder)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=PATIENCE)
    entries = json.loads((folder / ".mcp.json").read_text(encoding="utf-8"))["mcpServers"]
    servers = {name: from_entry(entry, variables) for name, entry in entries.items()}
    for server in servers.values():
        # What a client hands on of its environment without a word in the file.
        server.env = {**variables, **(server.env or {}), "DRONE_MCP_LOG_LEVEL": "error"}
    return servers


@asynccontextmanager
async def at_work(folder: Path) -> AsyncIterator[tuple[World, Agent, Agent, Person]]:
    """Serve Coder and Drone, and start the servers `fleet` and `builds` as the agent's client does."""
    scenario = deepcopy(SCENARIO)
    scenario["agents"] = {}
    scenario["templates"]["claude-dev"]["seconds"] = 0.1
    world, person = make_world(Scenario.model_validate(scenario), RealClock()), Person()
    with anyio.fail_after(PATIENCE):
        async with running_simulator(WORLD, socket=True) as drone, serving(world) as url:
            variables = {
                "CODER_URL": url,
                "CODER_SESSION_TOKEN": READS,
                "CODER_WRITE_TOKEN": WRITES,
                "DRONE_SERVER": drone.url,
                "DRONE_TOKEN": drone.admin_token,
            }
            servers = configured(folder, variables)
            async with (
                Client(servers["drone-fleet"], elicitation_callback=person) as fleet,
                Client(servers["drone-builds"]) as builds,
            ):
                yield world, Agent(fleet), Agent(builds), person


async def call(client: Agent, tool: str, **arguments: Any) -> dict[str, Any]:
    answer = await client.call(tool, **arguments)
    assert not answer.failed, answer.text
    return answer.data


async def test_ten_agents_are_created_watched_stopped_and_remembered(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (world, fleet, builds, person):
        await create_ten(fleet)
        await find_the_lost_and_the_stuck(world, fleet)
        await find_the_red_build(world, fleet, builds)
        await give_the_next_task(world, fleet)
        await stop_and_delete_one(world, fleet, person)
        elsewhere = await fleet.call(
            "fleet_create_agent", name="other", role="dev", project="octo/oldname", task="Do it"
        )
        assert (elsewhere.code, elsewhere.data["details"]["rule"]) == ("PERMISSION_DENIED", "projects")
    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text(encoding="utf-8").splitlines()]
    done = [line["operation"] for line in lines if (line["event"], line.get("outcome")) == ("outcome", "done")]
    assert done == ["create"] * 10 + ["start", "stop", "delete"]


async def create_ten(fleet: Agent) -> None:
    """Create ten agents by role and project, each with a task, and wait until they are ready."""
    roles = [line["role"] for line in (await call(fleet, "fleet_list_roles"))["roles"]]
    assert roles == ["dev", "reviewer", "ops"]
    for number, name in enumerate(AGENTS):
        made = await call(
            fleet,
            "fleet_create_agent",
            name=name,
            role=roles[number % 2],
            project=("octo/hello", "octo/attic")[number % 2],
            task=f"Task of {name}",
            once=name,
        )
        assert made["outcome"] == "done"
    for name in AGENTS:
        assert (await call(fleet, "fleet_wait_for_agent", agent=name, until="ready"))["finished"]


async def find_the_lost_and_the_stuck(world: World, fleet: Agent) -> None:
    """Have all agents report; one dies, and one has said nothing for a long time. One question finds both."""
    for name in AGENTS:
        world.report(world.agent(name), "working", f"{name} is at work")
    world.kill(world.agent("agent-3"))
    world.report(world.agent("agent-4"), "working", "Thinking").created -= 14 * 60
    listed = await call(fleet, "fleet_list_agents")
    assert listed["summary"] == "10 agents: 1 lost, 1 silent, 8 working"
    lost, stuck = listed["agents"].splitlines()[:2]
    assert lost.startswith("agent-3 | reviewer | octo/attic | lost for ")
    assert stuck.startswith("agent-4 | dev | octo/hello | no report for 14 min (was working) | ")
    attention = await call(fleet, "fleet_list_agents", state="attention")
    assert [line.split(" | ")[0] for line in attention["agents"].splitlines()] == ["agent-3", "agent-4"]


async def find_the_red_build(world: World, fleet: Agent, builds: Agent) -> None:
    """Find an agent's red build through its branch, and that build with the tools of the builds server."""
    world.report(world.agent("agent-6"), "working", "Pushed the branch", BRANCH)
    listed = await call(fleet, "fleet_list_agents", project="octo/hello")
    (red,) = [line for line in listed["agents"].splitlines() if "RED" in line]
    assert red.startswith("agent-6 | ")
    shown = await call(fleet, "fleet_show_agent", agent="agent-6")
    assert "drone_diagnose_build" in shown["next_step"]
    found = await call(builds, "drone_find_builds", repo="octo/hello", branch="feature/multiply", status="failed")
    assert str(found["builds"][0]["number"]) in shown["builds"]


async def give_the_next_task(world: World, fleet: Agent) -> None:
    """Give an agent that is done its next task, which keeps what came of the one before."""
    world.report(world.agent("agent-8"), "complete", "All tests pass")
    await call(fleet, "fleet_start_task", agent="agent-8", task="The next thing")
    assert (await call(fleet, "fleet_wait_for_agent", agent="agent-8", until="ready"))["finished"]
    history = await call(fleet, "fleet_task_history", agent="agent-8")
    assert [task["task"] for task in history["tasks"]] == ['"The next thing"', '"Task of agent-8"']
    assert history["tasks"][1]["outcome"] == 'complete: "All tests pass"'


async def stop_and_delete_one(world: World, fleet: Agent, person: Person) -> None:
    """Stop an agent with its outcome kept, delete it when a person agrees, and read its history afterwards."""
    world.report(world.agent("agent-7"), "failure", "Two tests fail")
    await call(fleet, "fleet_stop_task", agent="agent-7")
    assert (await call(fleet, "fleet_wait_for_agent", agent="agent-7"))["state"].endswith("(was failure)")
    await call(fleet, "fleet_delete_agent", agent="agent-7")
    assert person.asked[0].startswith("Delete agent mona/agent-7")
    gone = await call(fleet, "fleet_wait_for_agent", agent="agent-7")
    assert gone["state"].startswith("deleted")
    history = await call(fleet, "fleet_task_history", agent="agent-7")
    (task,) = history["tasks"]
    assert (task["task"], task["outcome"]) == ('"Task of agent-7"', 'failure: "Two tests fail"')
