"""Makes the guard of a server that changes builds, and the client through which it writes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ci_mcp_kit import observing
from ci_mcp_kit.guard.acting import Actor
from ci_mcp_kit.guard.opening import open_guard
from ci_mcp_kit.notes.opening import SharedNotes
from drone_mcp_build.access import client_options

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ci_mcp_http.call import Call
    from ci_mcp_kit.guard.guard import Guard
    from ci_mcp_kit.guard.protocols import Gate
    from drone_mcp_build.access import DroneAccess
    from drone_mcp_build.guard.settings import ActionSettings
    from drone_mcp_client.client import DroneClient


def make_guard(
    settings: ActionSettings, access: DroneAccess, operation_of: Mapping[str, str], clock: Callable[[], float]
) -> tuple[Guard, Actor]:
    """Return the guard of one process, and what carries out changes through it; both end with `access`.

    Args:
        settings: of the process.
        access: the way to read from Drone.
        operation_of: tool -> the name of its operation.
        clock: gives the Unix time.
    """
    notes = SharedNotes(settings.state, settings.services[0].name, settings.server)
    connect = partial(connect_writer, settings, access)
    limited = settings.guard.limit_to_tools(operation_of, settings.tools)
    guard = open_guard(limited, access, notes, connect, clock)
    return guard, Actor(guard, settings.timeout, clock)


def connect_writer(settings: ActionSettings, access: DroneAccess, gate: Gate) -> DroneClient:
    """Return the client that may write: every call passes the scope and the gate, and is sent at most once."""
    from drone_mcp_client.client import DroneClient  # noqa: PLC0415 - on first use, to start fast

    def check(call: Call[Any]) -> None:
        access.scope.gate(call)
        gate(call)

    # Without retries: a request that got no answer may have had its effect, and a second restart is a second build.
    token, file = settings.guard.write_token, settings.guard.write_token_file
    return DroneClient(client_options(settings, token, file, retries=0), gate=check, watch=observing.request)
