"""Two builds fail alike and one otherwise: diagnosed by one process, found by another, on one store."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import anyio
from mcp import Client

from support.patience import PATIENCE
from support.simulator import running_simulator
from support.warm import warm_server

if TYPE_CHECKING:
    from pathlib import Path


async def answer(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, {"repo": "octo/shop", **arguments})
    assert not result.is_error, result.content
    data: dict[str, Any] = result.structured_content or {}
    return data


async def test_a_failure_is_recognised_across_builds_and_processes(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        stack.enter_context(anyio.fail_after(PATIENCE))
        drone = await stack.enter_async_context(running_simulator("history", socket=True))
        env = {
            "DRONE_SERVER": drone.url,
            "DRONE_TOKEN": drone.admin_token,
            "DRONE_MCP_STATE": f"sqlite://{tmp_path}/state.db",
        }
        logs, builds = [
            await stack.enter_async_context(Client(warm_server(module, env)))
            for module in ("drone_mcp_logs", "drone_mcp_builds")
        ]
        newest, before, other = [await answer(logs, "drone_diagnose_build", number=number) for number in (10, 9, 12)]
        assert newest["signature"] == before["signature"] != other["signature"]
        found = await answer(builds, "drone_find_builds", signature=newest["signature"])
        assert [line["number"] for line in found["builds"]] == [10, 9]
        assert "7 failed builds, 3 of them diagnosed" in found["looked_at"]
        alone = await answer(builds, "drone_find_builds", signature=other["signature"])
        assert [line["number"] for line in alone["builds"]] == [12]

        since = await answer(logs, "drone_find_regression")
        assert (since["verdict"], since["first_seen"]) == ("broken_since", 8)
        found = await answer(builds, "drone_find_builds", signature=since["signature"])
        assert [line["number"] for line in found["builds"]] == [10, 9, 8], "what a search reads is kept as well"
