"""An administrator's agent at work: a role file, the configuration made of it, a real process, and the record."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from mcp import Client
from mcp.client.stdio import stdio_client

from ci_mcp_kit.guard.audit_chain import verify
from ci_mcp_kit.guard.audit_file import read_head
from ci_mcp_kit.guard.confirmation_tokens import derived
from support.actions_desk import Person
from support.agent import Agent
from support.installed import ROLES
from support.role_play import KEY, configured, drone_now, writes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.simulator import SimulatorHandle

WORLD = Path(__file__).parent / "acting_world.yaml"
HOURS = 4
VALUE = "5ec2e7-of-the-registry"
ADMIN = """
role: ci-admin
description: Administers one server.
extends: admin
servers:
  admin:
    mode: on
    guard:
      scopes: [octo/*, server]
      operations: [resume_queue, set_secret]
      secrets: [octo/*/REGISTRY=PLACE]
      audit: AUDIT
      key: DRONE_MCP_ACTION_KEY
"""


@asynccontextmanager
async def drone_since_the_morning() -> AsyncIterator[SimulatorHandle]:
    """Run a Drone whose queue somebody has paused hours ago, just before a build was pushed."""
    async with drone_now(WORLD, ago=HOURS * 3600) as drone:
        await drone.advance(1800)
        async with drone.client() as somebody:
            (await somebody.delete("/api/queue")).raise_for_status()
            (await somebody.post("/api/repos/octo/hello/builds")).raise_for_status()
            body = {"name": "REGISTRY", "data": "the old value"}
            (await somebody.post("/api/repos/octo/hello/secrets", json=body)).raise_for_status()
        await drone.advance(HOURS * 3600 - 1800)
        drone.forget()
        yield drone


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_admin_finds_out_why_nothing_runs_resumes_the_queue_and_rotates_a_secret(
    tmp_path: Path, mode: str
) -> None:
    place, audit, log, person = tmp_path / "registry", tmp_path / "audit.jsonl", tmp_path / "log.txt", Person()
    place.write_text(f"{VALUE}\n", encoding="utf-8")
    role = ADMIN.replace("AUDIT", str(audit)).replace("PLACE", str(place))
    (tmp_path / "ci-admin.yaml").write_text(role, encoding="utf-8")
    async with drone_since_the_morning() as drone:
        more = {"DRONE_TOKEN": drone.admin_token, "DRONE_MCP_LOG_LEVEL": "debug"}
        server = configured(tmp_path, drone, "ci-admin", **more)["drone-admin"]
        with log.open("w", encoding="utf-8") as errors:
            async with Client(stdio_client(server, errors), mode=mode, elicitation_callback=person) as client:
                agent = Agent(client)
                before = await agent.call("drone_get_queue_state")
                resumed = await agent.call("drone_manage_queue", action="resume")
                await drone.advance(120)
                after = await agent.call("drone_get_queue_state")
                rotated = await agent.call("drone_manage_secret", repo="octo/hello", action="set", name="REGISTRY")
                record = await agent.call("drone_get_audit_log")
                refused = await agent.call("drone_manage_user", action="delete", login="reader")
        sent, (secret,) = writes(drone), drone.world.secrets
    assert (before.data["state"], before.data["waiting"]) == ("stalled", 1)
    assert "the queue is paused" in before.data["message"]
    assert "drone_manage_queue" in before.data["next_step"]
    assert [one.data["outcome"] for one in (resumed, rotated)] == ["done", "done"]
    assert (after.data["state"], record.data["verified"], refused.code) == ("idle", True, "PERMISSION_DENIED")
    assert sent == ["POST /api/queue", "PATCH /api/repos/octo/hello/secrets/REGISTRY"]
    assert (secret.data, len(person.asked)) == (VALUE, 2)

    lines = audit.read_text(encoding="ascii").splitlines()
    assert verify(lines, derived(KEY.encode(), "audit"), read_head(audit)).problems == ()
    assert_nowhere(tmp_path, place, [before, resumed, after, rotated, record, refused], person)


def assert_nowhere(folder: Path, place: Path, answers: list[object], person: Person) -> None:
    """Check that the value of the secret is in no answer, question, log, audit line or configuration."""
    written = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir() if path.is_file()}
    assert written.pop(place.name).strip() == VALUE
    assert "drone_manage_secret" in written["log.txt"], "nothing is logged here"
    assert "REGISTRY" in written["audit.jsonl"]
    said = [*(str(vars(answer)) for answer in answers), *person.asked, *written.values()]
    assert [text for text in said if VALUE in text] == []


@pytest.mark.parametrize("role", [role for role in ROLES if role not in {"admin", "jenkins-admin"}])
async def test_no_other_role_sees_that_administration_exists(tmp_path: Path, role: str) -> None:
    async with drone_since_the_morning() as drone:
        servers = configured(tmp_path, drone, role)
    written = (tmp_path / ".mcp.json").read_text(encoding="utf-8")
    assert servers
    names = ("drone-admin", "drone_mcp_admin", "drone_manage_", "DRONE_MCP_ADMIN")
    assert [name for name in names if name in written] == []


async def test_the_shipped_role_rehearses(tmp_path: Path) -> None:
    async with drone_since_the_morning() as drone:
        everywhere = {"DRONE_MCP_ADMIN_SCOPES": "*/* server", "DRONE_MCP_ADMIN_CONFIRM": "high"}
        servers = configured(tmp_path, drone, "admin", DRONE_TOKEN=drone.admin_token, **everywhere)
        async with Client(servers["drone-admin"]) as client:
            answer = await Agent(client).call("drone_manage_queue", action="resume")
        assert writes(drone) == []
    entry = json.loads((tmp_path / ".mcp.json").read_text(encoding="utf-8"))["mcpServers"]["drone-admin"]
    assert (answer.data["outcome"], entry["env"]["DRONE_MCP_ADMIN"]) == ("dry_run", "dry-run")
    assert entry["env"]["DRONE_WRITE_TOKEN"] == ""
