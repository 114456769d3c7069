"""The MCP servers that are installed, by their entry points: a new one is tested before it has a manifest."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from drone_mcp_config.installation.reading import GROUP

PACKAGES = {point.name: point.value for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)}
SERVERS = list(PACKAGES)


def server_module(name: str) -> Any:
    """Import `server.py` of a server, which has its SPEC, `create` and `from_environment`."""
    return import_module(f"{PACKAGES[name]}.server")


def package_folder(name: str) -> Path:
    """Return the folder of a server's package."""
    return Path(server_module(name).__file__).parent
