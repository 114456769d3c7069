"""Describes the offer of a server, as data that can be read without importing it (`<package>/manifest.json`)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

    from ci_mcp_kit.app import ServerSpec


async def manifest(spec: ServerSpec, server: MCPServer[Any]) -> dict[str, Any]:
    """Return the manifest of `server`, read from the server itself, so that the two cannot differ."""
    resources = [(item.uri, item.name) for item in await server.list_resources()]
    resources += [(item.uri_template, item.name) for item in await server.list_resource_templates()]
    listed: list[Any] = await server.list_tools()
    tools = [
        {
            "name": tool.name,
            "title": tool.annotations.title,
            # The first line: a reader of the manifest wants a summary, and the rest is for models.
            "description": tool.description.partition("\n")[0],
            "read_only": tool.annotations.read_only_hint,
            "destructive": bool(tool.annotations.destructive_hint),
            **({"scopes": list(spec.scopes[tool.name])} if spec.scopes.get(tool.name) else {}),
        }
        for tool in listed
    ]
    return {
        "server": spec.name,
        "title": spec.title,
        "description": spec.description,
        "command": spec.command,
        "module": spec.package,
        "services": [service.manifest() for service in spec.settings.services],
        **({"guard": spec.guard.manifest()} if spec.guard else {}),
        "environment": [variable.name for variable in spec.settings.variables],
        **({"probe": spec.probe} if spec.probe else {}),
        **({"checks_access": True} if spec.check else {}),
        "tools": tools,
        "resources": [{"uri": uri, "name": name} for uri, name in resources],
        "prompts": [{"name": item.name, "title": item.title} for item in await server.list_prompts()],
    }


def manifest_text(manifest: dict[str, Any]) -> str:
    """Return the text of `manifest.json`."""
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
