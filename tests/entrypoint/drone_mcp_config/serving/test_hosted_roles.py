"""Every shipped role is served with the tools that it names, and no others."""

from __future__ import annotations

import sys

import pytest

from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.plan.making import offered_tools
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import load_role
from support.http_process import serving
from support.installed import environment_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")


@pytest.mark.parametrize("name", role_library(None).names())
async def test_a_shipped_role_is_served_with_its_tools_and_no_others(name: str) -> None:
    installed = read_installation()
    role = load_role(name, role_library(None), installed)
    expected = {server: offered_tools(entry, installed[server]) for server, entry in role.servers.items()}
    found: dict[str, list[str]] = {}
    environment = dict(item for server in role.servers for item in environment_of(server).items())
    with serving("drone_mcp_config", "serve", "--role", name, "--http", "127.0.0.1:0", **environment) as process:
        for server in installed:
            if server not in role.servers:
                assert process.ask(f"/{server}/mcp").status_code == 404
                continue
            async with process.client(f"/{server}/mcp") as client:
                found[server] = [tool.name for tool in (await client.list_tools()).tools]
    assert {server: sorted(tools) for server, tools in found.items()} == {
        server: sorted(tools) for server, tools in expected.items()
    }
