"""What leaves an actions server, for whatever it is set up with and asked for."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import anyio
import httpx
import respx
from mcp import Client, MCPError

from drone_mcp_actions.server import create
from drone_mcp_build.guard.settings import ActionSettings
from support.actions_desk import Person
from support.agent import Answer
from support.made_builds import made_repo

SERVER = "https://drone.example.com"


def asked(folder: Path, env: dict[str, str], build: dict[str, Any], tool: str, arguments: dict[str, Any]) -> list[Any]:
    """Call a tool in a process so set up, and return what left that was no GET, each with the audit lines before it."""
    audit = folder / "audit.jsonl"
    audit.unlink(missing_ok=True)
    Path(f"{audit}.head").unlink(missing_ok=True)
    left: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method != "GET":
            lines = audit.read_text(encoding="utf-8").splitlines() if audit.exists() else []
            left.append((request.url.path, [json.loads(line) for line in lines]))
            return httpx.Response(204 if "/approve/" in request.url.path else 200, json=None)
        if "/builds/" in request.url.path:
            return httpx.Response(200, json=build)
        return httpx.Response(200, json=made_repo("/".join(request.url.path.split("/")[3:5]), protected=True))

    async def call() -> None:
        variables = {"DRONE_SERVER": SERVER, "DRONE_WRITE_TOKEN": "w", "DRONE_MCP_AUDIT_LOG": str(audit), **env}
        server = create(ActionSettings.from_environment(variables))
        async with Client(server, elicitation_callback=Person()) as client:
            with contextlib.suppress(MCPError):  # a tool that the role has not
                Answer(
                    await client.call_tool(tool, {key: value for key, value in arguments.items() if value is not None})
                )

    with respx.mock(base_url=SERVER, assert_all_called=False) as drone:
        drone.route().mock(side_effect=answer)
        anyio.run(call)
    return left
