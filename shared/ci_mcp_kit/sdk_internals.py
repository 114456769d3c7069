"""The only module that uses insides of the MCP SDK: what its documentation does not offer and any version may change.

Each use says why there is no other way. `SDK_VERSION` is the version whose sources were read for it; after an upgrade,
read the reasons again and delete what the SDK can do by itself by then. Paths are those of
https://github.com/modelcontextprotocol/python-sdk, under `src/mcp/server`.
"""

from __future__ import annotations

import contextlib
import copy
import sys
from typing import TYPE_CHECKING, Any

from mcp.server._otel import OpenTelemetryMiddleware

# Registration of tools (mcpserver/tools/base.py, mcpserver/utilities/): `Tool` is "internal tool registration info".
# `ci_mcp_kit.tools` makes these itself instead of calling `MCPServer.tool`, for the reasons that it gives.
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcp.server.context import ServerMiddleware
    from mcp.server.lowlevel import Server
    from mcp.server.mcpserver import MCPServer
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
    from starlette.types import ASGIApp

__all__ = [
    "SDK_VERSION",
    "ArgModelBase",
    "FuncMetadata",
    "Tool",
    "answering_with_json",
    "lowlevel_server",
    "put_first_in_place_of_tracing",
    "without_rich",
]

SDK_VERSION = "2.3.0"


def lowlevel_server(server: MCPServer[Any]) -> Server[Any]:
    """Return the low-level server of `server`, which takes handlers for methods and a transport of the caller's own.

    `MCPServer` serves neither `resources/subscribe` nor a pair of streams, and an `Extension` may not replace a handler
    (mcpserver/server.py, `_apply_extension`; python-sdk issue 2135 asks for handlers that can be added later).
    """
    return server._lowlevel_server  # noqa: SLF001 - see above


def answering_with_json(manager: StreamableHTTPSessionManager) -> ASGIApp:
    """Return an application that answers as a running `manager` does, with one JSON text in place of a stream.

    The SDK has this as an option for all clients, not for each request by what it accepts. A second manager would run
    the lifespan of the server again (streamable_http_manager.py, `run`), so this is a copy that shares the first one's.
    """
    from mcp.server.transport_security import RequestBodyLimitMiddleware  # noqa: PLC0415 - over HTTP only

    twin = copy.copy(manager)
    twin.json_response = True
    return RequestBodyLimitMiddleware(twin._handle_request, manager.max_request_body_size)  # noqa: SLF001 - see above


def put_first_in_place_of_tracing(server: MCPServer[Any], middleware: ServerMiddleware[Any]) -> None:
    """Make `middleware` the outermost one of `server`, and remove the one that makes the SDK's own spans.

    Those spans hold names that callers made up and the text of exceptions. Removing it in this way is documented, with
    a warning that the class is private and provisional (docs/run/opentelemetry.md, "Turning it off").
    """
    kept = [one for one in server.middleware if not isinstance(one, OpenTelemetryMiddleware)]
    server.middleware[:] = [middleware, *kept]


@contextlib.contextmanager
def without_rich() -> Iterator[None]:
    """Keep `MCPServer()` from importing rich, which would make the start longer.

    It does so wherever rich is installed, for a log handler (mcpserver/utilities/logging.py) that `ci_mcp_kit.logs`
    replaces.
    """
    name = "rich.console"
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # the documented way to make an import fail
    try:
        yield
    finally:
        del sys.modules[name]
