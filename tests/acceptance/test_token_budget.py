"""What a role's tools cost an agent before it has asked anything, as its client receives them from real processes."""

from __future__ import annotations

import json
import os
import sys

import pytest
from mcp.client.stdio import StdioServerParameters

from drone_mcp_config.installation import read_installation
from drone_mcp_config.launching import launched
from drone_mcp_config.role_loading import library, load_role

CHARS_PER_TOKEN = 4
SERVER, DEV_ROLE = 1500, 4000

ENVIRONMENT = {"DRONE_SERVER": "http://127.0.0.1:1", "PATH": os.environ["PATH"]}


async def cost(module: str) -> int:
    server = StdioServerParameters(command=sys.executable, args=["-m", module], env=ENVIRONMENT)
    async with launched(server, patience=30) as running:
        tools = (await running.client.list_tools()).tools
    dumped = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]
    return len(json.dumps(dumped, separators=(",", ":"), ensure_ascii=False)) // CHARS_PER_TOKEN


@pytest.mark.parametrize("name", read_installation())
async def test_the_tools_of_a_server_fit_their_budget(name: str) -> None:
    assert await cost(read_installation()[name].module) <= SERVER


async def test_the_tools_of_the_dev_role_fit_their_budget() -> None:
    installed = read_installation()
    role = load_role("dev", library(None), installed)
    assert sum([await cost(installed[name].module) for name in role.servers]) <= DEV_ROLE
