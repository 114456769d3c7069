"""Serving over stdin and stdout, and ending: on end of input, SIGINT or SIGTERM, within half a second, cleaned up."""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
from typing import TYPE_CHECKING, Any

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from mcp.server.mcpserver import MCPServer

logger = logging.getLogger(__name__)

_CLEAN_UP = 0.3  # seconds that closing connections may take


def serve(server: MCPServer[Any]) -> None:
    """Serve until the client is gone."""
    anyio.run(_serve_until_told, server)


async def _serve_until_told(server: MCPServer[Any]) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_cancel_on_signal, tasks.cancel_scope)
        await server.run_stdio_async()
        tasks.cancel_scope.cancel()


async def _cancel_on_signal(scope: anyio.CancelScope) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            scope.cancel()


async def close_within(close: Callable[[], Awaitable[None]], seconds: float = _CLEAN_UP) -> None:
    """Run `close` to its end even where the surroundings are cancelled, but no longer than `seconds`."""
    with anyio.move_on_after(seconds, shield=True):
        await close()


@contextlib.contextmanager
def without_rich() -> Iterator[None]:
    """Keep the SDK from importing rich, which it does for a log handler that this process does not use."""
    name = "rich.console"
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # the documented way to make an import fail
    try:
        yield
    finally:
        del sys.modules[name]
