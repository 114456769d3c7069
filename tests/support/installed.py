"""The MCP servers that are installed, by their entry points: a new one is tested before it has a manifest."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drone_mcp_config.installation.reading import GROUP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mcp.server.mcpserver import MCPServer

PACKAGES = {point.name: point.value for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)}
SERVERS = list(PACKAGES)


def server_module(name: str) -> Any:
    """Import `server.py` of a server, which has its SPEC and `create`."""
    return import_module(f"{PACKAGES[name]}.server")


def make_server(name: str, environment: Mapping[str, str]) -> MCPServer[Any]:
    """Make a server as its process would in an environment."""
    module = server_module(name)
    server: MCPServer[Any] = module.create(module.SPEC.settings.from_environment(environment))
    return server


def package_folder(name: str) -> Path:
    """Return the folder of a server's package."""
    return Path(server_module(name).__file__).parent
