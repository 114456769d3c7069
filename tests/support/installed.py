"""What is installed, by entry points and role files: a new server is tested before it has a manifest."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import distribution, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drone_mcp_config.installation.reading import GROUP
from drone_mcp_config.roles.library import role_library

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mcp.server.mcpserver import MCPServer

PACKAGES = {point.name: point.value for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)}
SERVERS = list(PACKAGES)
ROLES = sorted(role_library(None).names())

_COMMANDS = distribution("drone-mcp").entry_points.select(group="console_scripts")
SERVICES = sorted({point.name.removeprefix("drone-mcp-") for point in _COMMANDS} - {*SERVERS, "config"})
"""What runs for itself, whatever the role."""


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
