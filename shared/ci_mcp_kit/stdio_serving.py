"""Serves over stdin and stdout, and shuts down within half a second of end of input, SIGINT or SIGTERM.

Every shutdown goes the same way: a signal ends the input (`ci_mcp_kit.pipes`), and the end of the input the server.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from ci_mcp_kit import pipes, stdio
from ci_mcp_kit.front.takeover import Takeover

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mcp.server.mcpserver import MCPServer

    from ci_mcp_kit.front.takeover import Handover

logger = logging.getLogger(__name__)

CLEAN_UP = 0.25  # seconds that closing connections may take; below `PATIENCE`, after which the process just ends
PATIENCE = 0.4  # seconds from the end of the input to the end of the process, whatever is still running

_stdin: pipes.Input | None = None


def serve(server: MCPServer[Any], handover: Handover) -> None:
    """Serve until the client closes the input or sends SIGINT or SIGTERM; continue the conversation of `handover`."""
    global _stdin  # noqa: PLW0603 - a process has one stdin
    _stdin = stdin = handover.stdin
    taking_over = Takeover(handover.conversation, f"front-{secrets.token_hex(8)}", _log_difference)
    stdin.reserve(taking_over.replay + handover.rest)
    if not pipes.WINDOWS:
        stdin.end_at_signals()
        # Not on Windows, where nothing but the end of the pipe shows that the client is gone.
        threading.Thread(target=_end_in_time, args=[stdin], name="end", daemon=True).start()
    try:
        stdio.run(server, stdin, pipes.Output(taking_over.passes))
    except* (BrokenPipeError, ConnectionResetError):
        logger.debug("The client closed the pipe")
    except* KeyboardInterrupt:
        logger.debug("Interrupted")
    for number in pipes.SIGNALS:
        # Python resets its handlers while it shuts down: a second signal would kill a process that is ending in order.
        signal.signal(number, signal.SIG_IGN)


def _log_difference(said: Any, now: Any) -> None:
    logger.warning("surface.json is wrong: the client got %s, and the server answers %s", said, now)


def _end_in_time(stdin: pipes.Input) -> None:
    """End the process soon after its input, if it has not ended by itself.

    A thread that is stuck in a computation cannot be stopped in another way. By then all connections are closed.
    """
    stdin.wait_for_end()
    time.sleep(PATIENCE)
    os._exit(0)


async def finish(close: Callable[[], Awaitable[None]]) -> None:
    """Run `close`, for a limited time and even if the surrounding task is cancelled; then end the input.

    The input is still open if the server ends for another reason, for example because the client has closed stdout.
    """
    with anyio.move_on_after(CLEAN_UP, shield=True):
        await close()
    if _stdin is not None:
        _stdin.end()
