"""A diagnosis that names a place in a file says how to read it there, if the agent has the tool."""

from __future__ import annotations

import json

import pytest
from mcp import Client

from drone_mcp_config.installation.reading import read_installation
from drone_mcp_logs.server import create
from drone_mcp_logs.settings import LogSettings
from support.installed import package_folder
from support.simulator import running_simulator

ROLE = "DRONE_MCP_ROLE_TOOLS"


def test_the_tool_that_next_steps_name_exists() -> None:
    named = json.loads((package_folder("logs") / "next_tools.json").read_text(encoding="utf-8"))
    installed = read_installation()
    assert set(named.values()) <= {tool for server in installed.values() for tool in server.tool_names}


@pytest.mark.parametrize("tools", ["drone_diagnose_build,drone_read_file", "drone_diagnose_build", ""])
async def test_the_next_step_of_a_diagnosis_reads_the_code_where_the_role_can(tools: str) -> None:
    async with running_simulator("forge", socket=True) as drone:
        environment = {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.token("dev"), ROLE: tools}
        server = create(LogSettings.from_environment(environment), clock=drone.world.now)
        async with Client(server) as client:
            result = await client.call_tool("drone_diagnose_build", {"repo": "octo/hello", "number": 3})
    step = (result.structured_content or {})["next_step"]
    call = "drone_read_file with path tests/test_main.py, line 9 and build 3"
    assert (call in step) is ("drone_read_file" in tools)
