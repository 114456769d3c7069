"""The whole way of an agent that operates: build, deploy, roll back, previews; and what a developer's agent sees of it.

Real processes from a generated configuration, Drone over HTTP, receivers, Redis, and the record of it all.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from drone_mcp_config.installation.reading import read_installation
from drone_mcp_state import open_store
from support.captured_builds import SECRET
from support.redis_server import RedisServer
from support.role_play import KEY, Agent, configured, drone_now, verified, working, writes
from support.webhook_receiver import ReceiverProcess

if TYPE_CHECKING:
    from collections.abc import Generator

    from drone_mcp_client.models import Build
    from drone_mcp_state import BuildStateStore
    from support.simulator import SimulatorHandle

WORLD = Path(__file__).parent / "operating_world.yaml"
SLUG = "octo/hello"
RELEASED, FIXED = 1, 2  # builds of main and of fix/login
DAY = 86_400.0
OPS = """
role: ops-hello
description: Builds, deploys and looks after the previews of one repository.
extends: ops
servers:
  actions:
    mode: on
    guard: {repos: [octo/hello], audit: AUDIT, key: DRONE_MCP_ACTION_KEY}
  deploy:
    mode: on
    guard:
      repos: [octo/hello]
      targets: [staging, production, preview-*]
      previews: 2/24h
      audit: AUDIT
      key: DRONE_MCP_ACTION_KEY
"""


def write_role(folder: Path) -> Path:
    """Write the role file; return the path of its audit log."""
    audit = folder / "audit.jsonl"
    (folder / "ops-hello.yaml").write_text(OPS.replace("AUDIT", str(audit)), encoding="utf-8")
    return audit


async def wait_for(agent: Agent, drone: SimulatorHandle, number: int, cursor: str) -> dict[str, Any]:
    """Wait for a build as an agent does, while the runner works; return what the agent is told at its end."""

    def streams() -> int:
        return sum("/stream/" in asked.path for asked in drone.asked)

    before = streams()
    wait = agent.call("drone_wait_for_build", repo=SLUG, number=number, cursor=cursor)
    waiting = asyncio.create_task(wait)
    while streams() == before:  # noqa: ASYNC110 - the process is to get there
        await asyncio.sleep(0.01)
    await drone.advance(70)
    told = (await waiting).data
    assert told["finished"], told
    return told


async def promote(drone: SimulatorHandle, number: int, target: str, **params: str) -> int:
    """Promote a build as a person does, and let the runner work."""
    async with drone.client() as person:
        path = f"/api/repos/{SLUG}/builds/{number}/promote"
        made = (await person.post(path, params={"target": target, **params})).raise_for_status().json()
    await drone.advance(70)
    return int(made["number"])


async def build_and_stage(agent: Agent, drone: SimulatorHandle) -> int:
    """Start a build and promote it to staging, without a question; return its number."""
    started = (await agent.call("drone_start_build", repo=SLUG, branch="main")).data
    await wait_for(agent, drone, started["number"], started["cursor"])
    staged = (await agent.call("drone_create_deployment", repo=SLUG, number=started["number"], target="staging")).data
    await wait_for(agent, drone, staged["deployment"], staged["cursor"])
    assert agent.person.asked == []
    return int(started["number"])


async def release(agent: Agent, drone: SimulatorHandle, number: int) -> None:
    """Promote a build to production, of which a person is asked once."""
    made = (await agent.call("drone_create_deployment", repo=SLUG, number=number, target="production")).data
    await wait_for(agent, drone, made["deployment"], made["cursor"])
    (question,) = agent.person.asked
    assert question.startswith(f"Promote build {number} of {SLUG}")
    assert "to 'production'?" in question
    running = (await agent.call("drone_list_deployments", repo=SLUG)).data["targets"]
    assert {target["target"]: target["source"] for target in running} == {"production": number, "staging": number}


async def roll_back(agent: Agent, drone: SimulatorHandle) -> None:
    """Return production to what it had before, and wait until it is done."""
    agent.person.asked.clear()
    back = (await agent.call("drone_rollback_deployment", repo=SLUG, target="production")).data
    told = await wait_for(agent, drone, back["deployment"], back["cursor"])
    assert told["changes"][0] == "build: pending -> success"
    assert [question.partition("'")[0] for question in agent.person.asked] == ["Roll back "]
    targets = (await agent.call("drone_list_deployments", repo=SLUG)).data["targets"]
    production = next(one for one in targets if one["target"] == "production")
    assert (production["event"], production["source"]) == ("rollback", RELEASED)


async def test_an_agent_builds_deploys_is_asked_before_production_and_rolls_back(tmp_path: Path) -> None:
    audit = write_role(tmp_path)
    async with drone_now(WORLD) as drone:
        before = await promote(drone, RELEASED, "production")
        drone.forget()
        servers = configured(tmp_path, drone, "ops-hello", DRONE_MCP_STATE=f"sqlite://{tmp_path}/state.db")
        async with working(servers, "auto", "drone-builds", "drone-actions", "drone-deploy") as agent:
            number = await build_and_stage(agent, drone)
            await release(agent, drone, number)
            await roll_back(agent, drone)
        assert writes(drone) == [
            f"POST /api/repos/{SLUG}/builds",
            f"POST /api/repos/{SLUG}/builds/{number}/promote",
            f"POST /api/repos/{SLUG}/builds/{number}/promote",
            f"POST /api/repos/{SLUG}/builds/{before}/rollback",
        ]
    lines = [json.loads(line) for line in audit.read_text(encoding="utf-8").splitlines()]
    assert [(line["event"], line["operation"], line.get("target", "")) for line in lines] == [
        ("attempt", "start", ""),
        ("outcome", "start", ""),
        ("attempt", "promote", "staging"),
        ("outcome", "promote", "staging"),
        ("asked", "promote", "production"),
        ("attempt", "promote", "production"),
        ("outcome", "promote", "production"),
        ("asked", "rollback", "production"),
        ("attempt", "rollback", "production"),
        ("outcome", "rollback", "production"),
    ]
    assert {line["agent"]["role"] for line in lines} == {"ops-hello"}
    assert verified(audit).returncode == 0


@pytest.fixture
def redis(tmp_path: Path) -> Generator[RedisServer]:
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


async def until_deployed(store: BuildStateStore, target: str, **params: str) -> Build:
    """Wait until the store knows a deployment to a target with these parameters."""
    cursor = await store.cursor()
    while True:
        for record in await store.newest(SLUG, 50):
            if record.build.deploy_to == target and record.build.params == params:
                return record.build
        changes = await store.wait(SLUG, None, cursor, timeout=60)
        assert changes, f"nothing was deployed to {target}"
        cursor = changes.cursor


async def push(drone: SimulatorHandle, branch: str) -> int:
    """Push to a branch, and let the runner work; return the number of the build."""
    pushed = {
        "ref": f"refs/heads/{branch}",
        "after": "d" * 40,
        "repository": {"full_name": SLUG},
        "commits": [{"message": "Darker", "author": {"username": "grace"}}],
    }
    async with drone.client() as forge:
        answer = await forge.post("/hook", json=pushed, headers={"x-gitea-event": "push"})
    await drone.advance(70)
    return int(answer.raise_for_status().json()["number"])


def receiving(drone: SimulatorHandle, audit: Path) -> dict[str, str]:
    """Return the variables of a receiver that looks after previews."""
    return {
        "DRONE_SERVER": drone.url,
        "DRONE_TOKEN": drone.token("reader"),
        "DRONE_WRITE_TOKEN": drone.admin_token,
        "DRONE_MCP_WEBHOOK_SECRET": SECRET,
        "DRONE_MCP_ACTIONS": "on",
        "DRONE_MCP_ACTION_REPOS": SLUG,
        "DRONE_MCP_ACTION_TARGETS": "preview-*",
        "DRONE_MCP_ACTION_KEY": KEY,
        "DRONE_MCP_PREVIEW_BRANCHES": "*",
        "DRONE_MCP_AUDIT_LOG": str(audit),
    }


async def sweep_with_two_receivers(drone: SimulatorHandle, environment: dict[str, str]) -> None:
    """Let two receivers run until both have swept, the second after the first has ended."""
    period = ("--period", "5")
    async with open_store(environment["DRONE_MCP_STATE"]) as store:
        with ReceiverProcess(environment, *period) as first, ReceiverProcess(environment, *period):
            await until_deployed(store, "preview-fix-login", PREVIEW_ACTION="stop")
            await until_deployed(store, "preview-dark-mode")
            first.terminate()
            await asyncio.to_thread(first.end)
            await drone.advance(70)
            await asked_again(drone)


async def test_previews_open_and_expire_and_two_receivers_sweep_them_once(tmp_path: Path, redis: RedisServer) -> None:
    audit = write_role(tmp_path)
    # Opened a day and an hour ago, so that its time is over for receivers, which go by the machine's clock.
    async with drone_now(WORLD, ago=DAY + 3600) as drone:
        state = {"DRONE_MCP_STATE": redis.url}
        async with working(configured(tmp_path, drone, "ops-hello", **state), "auto", "drone-deploy") as agent:
            opened = (await agent.call("drone_create_deployment", repo=SLUG, number=FIXED)).data
            await drone.advance(DAY + 3600)
            green = await push(drone, "dark-mode")
            drone.forget()
            await sweep_with_two_receivers(drone, {**receiving(drone, audit), **state})
            sent = writes(drone)
            listed = (await agent.call("drone_list_previews", repo=SLUG)).data["previews"]
    assert opened["target"] == "preview-fix-login"
    assert sorted(sent) == sorted(
        f"POST /api/repos/{SLUG}/builds/{number}/promote" for number in (opened["deployment"], green)
    )
    assert [(one["target"], one["branch"], one["state"]) for one in listed] == [
        ("preview-dark-mode", "dark-mode", "open")
    ]
    lines = [json.loads(line) for line in audit.read_text(encoding="utf-8").splitlines()]
    done = [line for line in lines if line["event"] == "outcome"]
    assert [(line["operation"], line["target"], line["agent"]["role"]) for line in done] == [
        ("promote", "preview-fix-login", "ops-hello"),
        ("stop-preview", "preview-fix-login", "receiver"),
        ("promote", "preview-dark-mode", "receiver"),
    ]
    assert verified(audit).returncode == 0


async def asked_again(drone: SimulatorHandle) -> None:
    """Wait until a receiver looks at the deployments twice more: the first look was a whole sweep then."""

    def looks() -> int:
        return sum(asked.path.endswith("/builds/deployments") for asked in drone.asked)

    before = looks()
    while looks() < before + 2:  # noqa: ASYNC110 - another process looks
        await asyncio.sleep(0.05)


async def test_a_developers_agent_cannot_see_that_any_of_this_exists(tmp_path: Path) -> None:
    installed = read_installation()
    others = {*installed["actions"].tool_names, *installed["deploy"].tool_names}
    async with drone_now(WORLD) as drone:
        servers = configured(tmp_path, drone, "dev")
        assert not {"drone-actions", "drone-deploy"} & servers.keys()
        for server in servers.values():
            assert not [name for name in server.env or {} if name.startswith(("DRONE_WRITE", "DRONE_MCP_ACTION"))]
        async with working(servers, "auto", *servers) as agent:
            for client in agent.clients.values():
                tools = (await client.list_tools()).tools
                said = json.dumps([tool.model_dump(mode="json") for tool in tools]) + (client.instructions or "")
                assert [name for name in others | {"drone-deploy", "drone-actions", "preview"} if name in said] == []
        assert writes(drone) == []
