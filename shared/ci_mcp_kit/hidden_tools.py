"""Leaves the tools out of the list for which the server's tokens lack a scope. A call of one is still answered.

What a token may do is known to the service alone, and the front of a process lists the tools before anything was asked.
So after it has, the service is asked while the first call is under way, and the client is told if its list has tools
that are left out: by `notifications/tools/list_changed`, which clients of 2026-07-28 get on `subscriptions/listen`
(MCP 2025-11-25, server/tools, "List Changed Notification"; SEP-2575).
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Final

import anyio
from mcp.server.subscriptions import InMemorySubscriptionBus, ToolsListChanged
from mcp.types.version import MODERN_PROTOCOL_VERSIONS

from ci_mcp_kit.background import BackgroundTask
from ci_mcp_kit.errors import ServiceError
from ci_mcp_kit.front.takeover import LISTED_BY_FRONT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mcp.server.context import CallNext, HandlerResult, ServerRequestContext

logger = logging.getLogger(__name__)

BELIEVED: Final = 60.0  # seconds for which the answer of the service is believed
PATIENCE: Final = 2.0  # seconds that a list of tools waits for the service


class ToolScopes:
    """The tools that the tokens of a server cannot use.

    Args:
        find_lacking: asks the service, and returns the names of tools for which a scope is lacking; None: no tool is
            left out.
    """

    def __init__(self, find_lacking: Callable[[], Awaitable[frozenset[str]]] | None) -> None:
        self._find_lacking = find_lacking
        self._asking = anyio.Lock()
        self._lacking: frozenset[str] = frozenset()
        self._asked_at: float | None = None
        self._telling: BackgroundTask | None = None
        self.bus = InMemorySubscriptionBus()

    async def filter_list(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Leave tools out of a list, and declare that the list can change. This is a middleware of the SDK's server."""
        if ctx.method == LISTED_BY_FRONT:
            self._telling = BackgroundTask(self._tell, ctx)
            return None
        result = await call_next(ctx)
        if ctx.method == "tools/list" and isinstance(result, dict):
            lacking = await self._ask()
            return {**result, "tools": [tool for tool in result["tools"] if tool["name"] not in lacking]}
        if ctx.method == "initialize" and isinstance(result, dict) and "tools" in result["capabilities"]:
            return {**result, "capabilities": {**result["capabilities"], "tools": {"listChanged": True}}}
        return result

    async def close(self) -> None:
        """Stop telling a client."""
        if self._telling is not None:
            await self._telling.stop()

    async def _tell(self, ctx: ServerRequestContext[Any, Any]) -> None:
        if not await self._ask():
            return
        if ctx.protocol_version in MODERN_PROTOCOL_VERSIONS:
            await self.bus.publish(ToolsListChanged())
        else:
            await ctx.session.send_tool_list_changed()

    async def _ask(self) -> frozenset[str]:
        """Return the tools for which a scope is lacking; where the service does not say, those of its last answer."""
        if self._find_lacking is None:
            return frozenset()
        with anyio.move_on_after(PATIENCE):
            async with self._asking:
                if self._asked_at is None or time.monotonic() - self._asked_at >= BELIEVED:
                    try:
                        self._lacking = await self._find_lacking()
                    except ServiceError as error:
                        logger.info("No tool is left out, as the scopes of the token are not known: %s", error)
                    self._asked_at = time.monotonic()
        return self._lacking
