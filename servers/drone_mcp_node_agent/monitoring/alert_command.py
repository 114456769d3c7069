"""Runs the alert command: an argument vector, never a shell, with the facts of the alert in `MCP_…` variables."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import anyio

from ci_mcp_kit.outgoing_text import one_line

if TYPE_CHECKING:
    from datetime import datetime

    from drone_mcp_node_agent.configuration.model import Alerts

OUTPUT_KEPT: Final = 500  # characters of a failed command's output
OUTPUT_READ: Final = 64 * 1024
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Alert:
    """The facts of an alert.

    Attributes:
        kind: `flapping`, `drift` and so on.
        previous: the state before, "" if none is known.
        current: the state now.
        detail: a sentence.
    """

    node: str
    service: str
    component: str
    kind: str
    previous: str
    current: str
    detail: str
    at: datetime

    def environment(self) -> dict[str, str]:
        """Return the variables of the alert command."""
        return {
            "PATH": PATH,
            "MCP_NODE": self.node,
            "MCP_SERVICE": self.service,
            "MCP_COMPONENT": self.component,
            "MCP_KIND": self.kind,
            "MCP_FROM": self.previous,
            "MCP_TO": self.current,
            "MCP_DETAIL": one_line(self.detail.replace("\0", " "), 1000),
            "MCP_TIME": self.at.isoformat(timespec="seconds"),
        }


async def run_alert_command(settings: Alerts, alert: Alert) -> str:
    """Run the alert command; return why it failed in a sentence, "" if it did not.

    It has a process group of its own, which is killed where the time is over.
    """
    try:
        process = await anyio.open_process(
            settings.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=alert.environment(),
            cwd="/",
            start_new_session=True,
            user=settings.user or None,
        )
    except (OSError, LookupError, ValueError) as error:  # LookupError: there is no such user
        return f"The alert command {settings.command[0]} cannot be started: {getattr(error, 'strerror', None) or error}"
    output = b""
    try:
        with anyio.fail_after(settings.timeout):
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            async for chunk in process.stdout:
                output = (output + chunk)[-OUTPUT_READ:]
            status = await process.wait()
    except TimeoutError:
        return f"The alert command was killed after {settings.timeout:g} seconds"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # also what it has started and left behind
        with anyio.CancelScope(shield=True):
            await process.aclose()
    said = one_line(output.decode(errors="replace"), OUTPUT_KEPT)
    return f"The alert command ended with {status}: {said}" if status else ""
