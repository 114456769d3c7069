"""The same log is diagnosed alike, whichever CI system ran the step that printed it."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from drone_mcp_build.settings import Settings
from drone_mcp_logs.server import create
from support.agent import ENVIRONMENT, LogAgent, LogAnswer
from support.jenkins import jenkins_and_agent
from support.simulator import running_simulator

LOGS = Path(str(resources.files("drone_mcp_simulator"))) / "scenarios" / "logs"
# Build of the scenario of Drone -> the real log that its failed step printed, the step and its exit code.
REAL = {
    2: ("rails", "test", 1),
    3: ("codeigniter", "test", 1),
    4: ("alacritty", "build", 101),
    5: ("akka", "build", 1),
    6: ("leiningen", "deps", 1),
    7: ("lantern", "test", 2),
    8: ("elixir", "test", 1),
    9: ("tldr", "lint", 1),
}

BUDGET = 2000


async def of_drone(number: int) -> LogAnswer:
    async with running_simulator("failures", socket=True) as drone:
        env = ENVIRONMENT | {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.admin_token}
        async with Client(create(Settings.from_environment(env))) as client:
            agent = LogAgent(client)
            return await agent.diagnose(repo="octo/polyglot", number=number)


async def of_jenkins(name: str, step: str, exit_code: int) -> LogAnswer:
    log = (LOGS / f"{name}.log").read_bytes().decode()
    error = f"script returned exit code {exit_code}"
    stage = {"name": step, "seconds": 60, "status": "FAILURE", "error": error, "log": log}
    build = {"result": "FAILURE", "seconds": 60, "stages": [stage]}
    scenario: dict[str, Any] = {"jobs": {"polyglot": {"kind": "pipeline", "builds": [build]}}}
    async with jenkins_and_agent(scenario) as (_, agent):
        return await LogAgent(agent.client).call("jenkins_diagnose_build", job="polyglot")


@pytest.mark.parametrize("number", REAL, ids=lambda number: REAL[number][0])
async def test_the_same_log_gives_the_same_lines_and_verdict(number: int) -> None:
    name, step, exit_code = REAL[number]
    drone, jenkins = await of_drone(number), await of_jenkins(name, step, exit_code)
    ours, theirs = set(drone.lines()), set(jenkins.lines())
    # Where the evidence is more than an answer holds, a name that is longer by a word costs a line.
    is_whole = max(drone.size, jenkins.size) < 0.9 * BUDGET
    assert len(ours & theirs) > (len(ours | theirs) - 1 if is_whole else 0.9 * len(ours | theirs))
    assert len(ours) > 5
    for field in ("kind", "confidence", "signature"):
        assert drone.data[field] == jenkins.data[field]
    for field in ("kind", "confidence", "evidence", "tests", "places", "exit_code", "total_lines", "role"):
        assert drone.data["failures"][0].get(field) == jenkins.data["failures"][0].get(field), field
