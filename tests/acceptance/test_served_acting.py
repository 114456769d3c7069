"""One process, one role that may act, several callers: each acts in their own name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from mcp.types import TextResourceContents

from drone_mcp_config.serving.callers import hash_of
from support.agent import Answer
from support.http_process import bearer, serving
from support.patience import PATIENCE
from support.simulator import running_simulator

if TYPE_CHECKING:
    from pathlib import Path

    from mcp import Client

ADA, GRACE, ALAN = "ada-" + "a" * 40, "grace-" + "g" * 40, "alan-" + "l" * 40
ROLE = """
role: acting
extends: ops
servers:
  actions:
    mode: on
    guard: {repos: [octo/hello], rate: 1/h, audit: AUDIT}
"""


def write_files(folder: Path, audit: Path) -> list[str]:
    """Write the role and its callers; return the options that name them."""
    (folder / "acting.yaml").write_text(ROLE.replace("AUDIT", str(audit)), encoding="utf-8")
    lines = [
        f'  - {{name: {name}, role: acting, token: "{hash_of(token)}"}}\n'
        for name, token in (("ada", ADA), ("grace", GRACE), ("alan", ALAN))
    ]
    file = folder / "callers.yaml"
    file.write_text("callers:\n" + "".join(lines), encoding="utf-8")
    return ["--roles-dir", str(folder), "--roles-from", str(file)]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_callers_of_one_role_are_told_apart_in_rate_confirmation_and_record(tmp_path: Path, mode: Any) -> None:
    audit = tmp_path / "audit.jsonl"
    options = write_files(tmp_path, audit)
    with anyio.fail_after(PATIENCE):
        async with running_simulator("demo", socket=True) as drone:
            drone.world.find_build(drone.world.repos["octo/hello"], 1).status = "running"
            env = {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.admin_token, "DRONE_WRITE_TOKEN": drone.admin_token}
            env["DRONE_MCP_STATE"] = f"sqlite://{tmp_path}/state.db"
            with serving("drone_mcp_config", "serve", "--http", "127.0.0.1:0", *options, **env) as process:
                said = {name: await acted(process, token, mode) for name, token in (("ada", ADA), ("grace", GRACE))}
                stolen = said["ada"]["asked"].data["details"]["confirmation"]
                async with process.client("/actions/mcp", mode, **bearer(GRACE)) as client:
                    arguments = {"repo": "octo/hello", "number": 1, "confirmation": stolen}
                    refused = Answer(await client.call_tool("drone_stop_build", arguments))
                    theirs = await recent_lines(client)
                async with process.client("/actions/mcp", mode, **bearer(ALAN)) as client:
                    of_a_newcomer = await recent_lines(client)
            written = [asked.path for asked in drone.asked if asked.method != "GET"]
    for reported in said.values():
        assert reported["restarted"].data["outcome"] == "done"
        assert reported["again"].code == "RATE_LIMITED"
    assert {line["agent"]["caller"] for line in theirs} == {"grace"}
    assert of_a_newcomer == []
    assert refused.code in {"NOT_CONFIRMED", "RATE_LIMITED"}
    assert written == ["/api/repos/octo/hello/builds/4"] * 2
    lines = [json.loads(line) for line in audit.read_text(encoding="utf-8").splitlines()]
    assert [line["agent"]["caller"] for line in lines if line["event"] == "attempt"] == ["ada", "grace"]
    assert {line["agent"]["role"] for line in lines} == {"acting"}


async def recent_lines(client: Client) -> list[dict[str, Any]]:
    (content,) = (await client.read_resource("drone://audit/recent")).contents
    assert isinstance(content, TextResourceContents)
    lines: list[dict[str, Any]] = json.loads(content.text).get("lines", [])
    return lines


async def acted(process: Any, token: str, mode: Any) -> dict[str, Answer]:
    """Ask for a stop, restart a build, and restart another, which is one too many."""
    async with process.client("/actions/mcp", mode, **bearer(token)) as client:

        async def call(tool: str, number: int) -> Answer:
            return Answer(await client.call_tool(tool, {"repo": "octo/hello", "number": number}))

        return {
            "asked": await call("drone_stop_build", 1),
            "restarted": await call("drone_restart_build", 4),
            "again": await call("drone_restart_build", 3),
        }
