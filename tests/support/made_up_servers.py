"""Servers of an installation that is not there, to put in place of the real one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drone_mcp_config.installation.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Iterable


def manifest(system: str, name: str, tools: dict[str, bool], environment: Iterable[str]) -> dict[str, Any]:
    """Return a manifest like that of a server of this system; `tools` says of each whether it only reads."""
    return {
        "server": f"{system}-{name}",
        "title": f"{system.capitalize()} {name}",
        "description": f"All about {name}.",
        "command": f"{system}-mcp-{name}",
        "module": f"{system}_mcp_{name}",
        "environment": list(environment),
        "tools": [{"name": tool, "title": tool, "read_only": reads} for tool, reads in tools.items()],
        "resources": [],
        "prompts": [],
    }


INSTALLED = [
    Manifest.model_validate(manifest(system, name, {}, []))
    for system in ("drone", "jenkins")
    for name in ("builds", "logs")
]
"""Servers of two systems."""
