"""Checks what the servers of an agent ask, before the agent costs money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drone_mcp_config.drone import service as drone
from drone_mcp_config.drone.check import check_drone, check_state
from drone_mcp_config.plan.model import StdioServer
from drone_mcp_config.plan.token_variables import service_sources

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from drone_mcp_config.agents.prepared_run import PreparedRun
    from drone_mcp_config.checking.check import Check
    from drone_mcp_config.installation.reading import Servers


async def check_services(prepared: PreparedRun, installed: Servers) -> AsyncIterator[Check]:
    """Yield `doctor`'s checks of Drone and of the store; none for a served role, which asks from elsewhere."""
    role = prepared.role
    starts = any(isinstance(server, StdioServer) and server.ours for server in prepared.made.plan.servers)
    tokens = service_sources(role, installed, drone.NAME)
    if not starts or not tokens:
        return
    seen = prepared.environment | ({drone.SCOPE: ",".join(role.repos)} if role.repos else {})
    async for check in check_drone(seen, tokens):
        yield check
    async for check in check_state(seen):
        yield check
