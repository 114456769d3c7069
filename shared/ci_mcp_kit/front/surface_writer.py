"""Makes `surface.json` from the server itself: its answers to the handshake and the lists, in both eras."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import anyio
from mcp.shared.message import SessionMessage
from mcp.types import JSONRPCRequest
from mcp.types.version import HANDSHAKE_PROTOCOL_VERSIONS, LATEST_HANDSHAKE_VERSION, LATEST_MODERN_VERSION

from ci_mcp_kit.front.message_checks import CAPABILITIES_KEY, VERSION_KEY
from ci_mcp_kit.sdk_internals import lowlevel_server

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mcp.server.mcpserver import MCPServer

    from ci_mcp_kit.app import ServerSpec
    from ci_mcp_kit.settings import ProcessSettings

LISTS = ("tools/list", "prompts/list", "resources/list", "resources/templates/list")
DISTRIBUTIONS = {"mcp": "mcp", "drone_mcp": "drone-mcp"}  # name in the folder of its metadata -> name


async def surface(
    spec: ServerSpec, settings: ProcessSettings, create: Callable[[Any], MCPServer[Any]]
) -> dict[str, Any]:
    """Return the data of a server's `surface.json`."""
    server = create(settings)
    legacy = await ask(server, [legacy_request("initialize", LATEST_HANDSHAKE_VERSION), *map(legacy_request, LISTS)])
    modern = await ask(create(settings), [modern_request(method) for method in ("server/discover", *LISTS)])
    # It depends on what a client asks for; `Conversation` finds it from "versions" and "latest".
    del legacy[0]["protocolVersion"]
    return {
        "server": spec.name,
        "command": spec.command,
        "made_with": {name: version(distribution) for name, distribution in DISTRIBUTIONS.items()},
        "versions": list(HANDSHAKE_PROTOCOL_VERSIONS),
        "latest": LATEST_HANDSHAKE_VERSION,
        "modern_version": LATEST_MODERN_VERSION,
        "needs": await _needs(settings, create),
        "legacy": dict(zip(("initialize", *LISTS), legacy, strict=True)),
        "modern": dict(zip(("server/discover", *LISTS), modern, strict=True)),
    }


def surface_text(data: dict[str, Any]) -> str:
    """Return the text of the file."""
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def legacy_request(method: str, protocol: str = "") -> dict[str, Any]:
    """Return a request as clients before 2026-07-28 send it; `initialize` asks for a protocol version."""
    if not protocol:
        return {"method": method}
    client = {"name": "recording", "version": "1"}
    return {"method": method, "params": {"protocolVersion": protocol, "capabilities": {}, "clientInfo": client}}


def modern_request(method: str) -> dict[str, Any]:
    """Return a request as clients of 2026-07-28 send it."""
    return {"method": method, "params": {"_meta": {VERSION_KEY: LATEST_MODERN_VERSION, CAPABILITIES_KEY: {}}}}


async def ask(server: MCPServer[Any], requests: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Send requests to a server one after another, and return the results as it sends them."""
    to_server, from_client = anyio.create_memory_object_stream[SessionMessage | Exception](1)
    to_client, from_server = anyio.create_memory_object_stream[SessionMessage](1)
    lowlevel = lowlevel_server(server)  # `MCPServer` runs over its own transports only
    results = []
    async with anyio.create_task_group() as group, to_server, from_server:
        group.start_soon(lowlevel.run, from_client, to_client, lowlevel.create_initialization_options())
        for number, request in enumerate(requests):
            await to_server.send(SessionMessage(JSONRPCRequest(jsonrpc="2.0", id=number, **request)))
            answer = (await from_server.receive()).message
            # As the SDK writes messages (`mcp/server/stdio.py`).
            text = answer.model_dump_json(by_alias=True, exclude_unset=True)
            results.append(json.loads(text)["result"])
        # Otherwise the server would wait for further messages.
        group.cancel_scope.cancel()
    return results


async def _needs(settings: ProcessSettings, create: Callable[[Any], MCPServer[Any]]) -> dict[str, list[str]]:
    """Return for each prompt and resource the tools that it needs: without one of them it is not offered."""
    complete = create(settings)
    tools = [tool.name for tool in await complete.list_tools()]
    needs: dict[str, list[str]] = {name: [] for name in await _prompts_and_resources(complete)}
    # Without its only tool a server has an allow-list that names none, which offers all (`offered_tools`).
    for missing in tools if len(tools) > 1 else []:
        narrowed = create(replace(settings, tools=tuple(name for name in tools if name != missing)))
        for name in needs.keys() - set(await _prompts_and_resources(narrowed)):
            needs[name].append(missing)
    return needs


async def _prompts_and_resources(server: MCPServer[Any]) -> list[str]:
    prompts, resources = await server.list_prompts(), await server.list_resources()
    templates = await server.list_resource_templates()
    return [
        *(prompt.name for prompt in prompts),
        *(str(resource.uri) for resource in resources),
        *(template.uri_template for template in templates),
    ]
