"""Serving over stdin and stdout, and ending: on end of input, SIGINT or SIGTERM, within half a second, cleaned up.

The SDK reads stdin in a worker thread that nothing can interrupt: after a signal the process would clean up and then
hang until its client closes the pipe, which some clients only do after they have killed it. So a thread of ours stands
between: it passes the input on, and ends it (as if the client had) when a signal says so. All endings are one ending.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from mcp.server.mcpserver import MCPServer

logger = logging.getLogger(__name__)

CLEAN_UP = 0.25  # seconds that closing connections may take
PATIENCE = 0.4  # seconds from the end of input to the end of the process, whatever still runs
_CHUNK = 2**16
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Intake:
    """Stands between stdin and the SDK; `end` ends the input.

    `PATIENCE` seconds after the end of the input, the process is ended where it has not ended by itself: a thread
    that is stuck in a computation cannot be stopped in another way. By then everything is closed and written.
    """

    def __init__(self) -> None:
        self._stdin = os.dup(0)
        self._wake, self._alarm = os.pipe()
        outlet, self._inlet = os.pipe()
        os.dup2(outlet, 0)
        os.close(outlet)
        os.set_blocking(self._inlet, False)

    def start(self) -> None:
        """Begin to pass on what comes."""
        threading.Thread(target=self._run, name="stdin", daemon=True).start()

    def end(self) -> None:
        """End the input. May be called from a signal handler, from any thread, and more than once."""
        with contextlib.suppress(OSError):
            os.write(self._alarm, b".")

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            self._pass_on()
        os.close(self._inlet)
        time.sleep(PATIENCE)
        os._exit(0)

    def _pass_on(self) -> None:
        pending = b""
        while True:
            sources = [self._wake] if pending else [self._wake, self._stdin]
            ready, writable, _ = select.select(sources, [self._inlet] if pending else [], [])
            if self._wake in ready:
                return
            if writable:
                pending = pending[os.write(self._inlet, pending) :]
            else:
                pending = os.read(self._stdin, _CHUNK)
                if not pending:
                    return


_intake: Intake | None = None


def serve(server: MCPServer[Any]) -> None:
    """Serve until the client is gone, or has sent SIGINT or SIGTERM."""
    global _intake  # noqa: PLW0603 - a process has one stdin
    if sys.platform != "win32":  # where select() knows sockets only, the SDK's own way has to do
        _intake = intake = Intake()
        for number in _SIGNALS:
            signal.signal(number, lambda *_: intake.end())
        intake.start()
    try:
        anyio.run(server.run_stdio_async)
    except* (BrokenPipeError, ConnectionResetError):
        logger.debug("The client closed the pipe")
    except* KeyboardInterrupt:
        logger.debug("Interrupted")
    for number in _SIGNALS:
        # Python takes its handlers away while it shuts down: the second signal would then kill what has ended well.
        signal.signal(number, signal.SIG_IGN)


async def finish(close: Callable[[], Awaitable[None]]) -> None:
    """Run `close` to its end, though not for long, even where all around is cancelled; then end the input.

    The latter matters where the server ends for another reason than its input: the client closed stdout only.
    """
    with anyio.move_on_after(CLEAN_UP, shield=True):
        await close()
    if _intake is not None:
        _intake.end()


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
