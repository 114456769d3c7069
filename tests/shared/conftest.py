from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ci_mcp_kit.variables import Secret
from drone_mcp_build.settings import Settings
from support.example_server import create

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

TOKEN = "55f24eb3d61ef6ac5e83d550178638dc"


@pytest.fixture
def settings() -> Settings:
    return Settings(server="http://drone.test", token=Secret(TOKEN), repos=("octo/*",), repo="octo/hello")


@pytest.fixture
def server(settings: Settings) -> MCPServer[Any]:
    return create(settings)
