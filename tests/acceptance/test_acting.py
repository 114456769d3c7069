"""The whole way of a change: a role file, the configuration made of it, real processes, Drone, and the record.

Drone is the simulator over HTTP, in this process, so that all that reaches it can be seen.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from drone_mcp_simulator.scm import Pipeline, StageDefinition, StepDefinition
from support.installed import ROLES
from support.role_play import Agent, configured, drone_now, verified, working, writes

if TYPE_CHECKING:
    from support.simulator import SimulatorHandle

WORLD = Path(__file__).parent / "acting_world.yaml"
SLUG, OTHER = "octo/hello", "octo/other"
LOST, STOPPED, SPARED = 1, 2, 3

OPS = """
role: ops-hello
description: Restarts what failed by accident in one repository.
extends: ops
servers:
  actions:
    mode: on
    guard:
      repos: [octo/hello]
      rate: 5/h
      confirm: high
      audit: AUDIT
      key: DRONE_MCP_ACTION_KEY
"""


def restore_the_network(drone: SimulatorHandle) -> None:
    """What is built from now on succeeds."""
    commits = drone.world.scm[SLUG].commits
    commit = commits[drone.world.find_build(drone.world.repos[SLUG], LOST).after]
    commits[commit.sha] = replace(commit, pipeline=Pipeline((StageDefinition("ci", (StepDefinition("fetch", 10.0),)),)))


@pytest.mark.parametrize("role", ROLES)
async def test_with_a_shipped_role_nothing_can_be_changed(tmp_path: Path, role: str) -> None:
    async with drone_now(WORLD) as drone:
        everywhere = {"DRONE_MCP_ACTION_REPOS": "*/*", "DRONE_MCP_ACTION_CONFIRM": "high"}
        servers = configured(tmp_path, drone, role, **everywhere)
        if "drone-actions" not in servers:
            assert all("DRONE_WRITE_TOKEN" not in (server.env or {}) for server in servers.values())
            return
        async with working(servers, "auto", "drone-actions") as agent:
            restart = await agent.call("drone_restart_build", repo=SLUG, number=LOST)
            stop = await agent.call("drone_stop_build", repo=SLUG, number=STOPPED)
        assert [answer.data["outcome"] for answer in (restart, stop)] == ["dry_run", "dry_run"]
        assert (writes(drone), agent.person.asked) == ([], [])


async def restart_what_the_network_broke(agent: Agent, drone: SimulatorHandle) -> int:
    """Do what the policy says until the build is green; return its number."""
    decision = (await agent.call("drone_evaluate_build", repo=SLUG)).data
    assert (decision["action"], decision["failure_class"]) == ("retry", "infrastructure")
    restore_the_network(drone)
    restarted = (await agent.call(decision["next_call"]["tool"], **decision["next_call"]["arguments"])).data
    number, cursor = restarted["new_build"], restarted["cursor"]
    wait = agent.call("drone_wait_for_build", repo=SLUG, number=number, cursor=cursor)
    waiting = asyncio.create_task(wait)
    while not any("/stream/" in asked.path for asked in drone.asked):  # noqa: ASYNC110 - the process is to get there
        await asyncio.sleep(0)
    await drone.advance(60)
    waited = (await waiting).data
    assert (waited["finished"], waited["changes"][0]) == (True, "build: pending -> success")
    assert (await agent.call("drone_evaluate_build", repo=SLUG, number=number)).data["action"] == "continue"
    return int(number)


async def stop_when_asked(agent: Agent) -> None:
    """Stop one build with a person's word, and find another spared by it."""
    stopped = await agent.call("drone_stop_build", repo=SLUG, number=STOPPED)
    assert (stopped.data["outcome"], stopped.data["status"]) == ("done", "killed")
    agent.person.says = "decline"
    spared = await agent.call("drone_stop_build", repo=SLUG, number=SPARED)
    assert (spared.code, spared.data["details"]) == ("NOT_CONFIRMED", {"said": "decline"})
    assert [question.partition(" (")[0] for question in agent.person.asked] == [
        f"Stop build {STOPPED} of {SLUG}",
        f"Stop build {SPARED} of {SLUG}",
    ]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_agent_restarts_what_failed_by_accident_and_is_asked_before_it_stops_a_build(
    tmp_path: Path, mode: str
) -> None:
    audit = tmp_path / "audit.jsonl"
    (tmp_path / "ops-hello.yaml").write_text(OPS.replace("AUDIT", str(audit)), encoding="utf-8")
    async with drone_now(WORLD) as drone:
        servers = configured(tmp_path, drone, "ops-hello", DRONE_MCP_STATE=f"sqlite://{tmp_path}/state.db")
        names = ("drone-builds", "drone-policy", "drone-actions")
        async with working(servers, mode, *names) as agent:
            await restart_what_the_network_broke(agent, drone)
            await stop_when_asked(agent)
            elsewhere = await agent.call("drone_restart_build", repo=OTHER, number=1)
            assert (elsewhere.code, elsewhere.data["details"]) == ("PERMISSION_DENIED", {"rule": "repos"})
        assert writes(drone) == [
            f"POST /api/repos/{SLUG}/builds/{LOST}",
            f"DELETE /api/repos/{SLUG}/builds/{STOPPED}",
        ]
        assert {asked.user for asked in drone.asked if asked.method != "GET"} == {"admin"}
        assert {asked.user for asked in drone.asked if asked.method == "GET"} == {"reader"}
    assert_the_record_proves_it(audit)


def assert_the_record_proves_it(audit: Path) -> None:
    lines = [json.loads(line) for line in audit.read_text(encoding="utf-8").splitlines()]
    assert [(line["event"], line["operation"], line["repo"], line.get("build", 0)) for line in lines] == [
        ("attempt", "restart", SLUG, LOST),
        ("outcome", "restart", SLUG, LOST),
        ("asked", "stop", SLUG, STOPPED),
        ("attempt", "stop", SLUG, STOPPED),
        ("outcome", "stop", SLUG, STOPPED),
        ("asked", "stop", SLUG, SPARED),
        ("decline", "stop", SLUG, SPARED),
        ("refused", "restart", OTHER, 0),
    ]
    assert {line["agent"]["role"] for line in lines} == {"ops-hello"}
    assert lines[3]["confirmation"] == "person: as agreed"
    assert verified(audit).returncode == 0
    as_written = audit.read_text(encoding="utf-8")
    audit.write_text(as_written.replace(f'"build":{STOPPED}', f'"build":{SPARED}', 1), encoding="utf-8")
    changed = verified(audit)
    assert (changed.returncode, "line 3: it was changed" in changed.stdout) == (1, True)
