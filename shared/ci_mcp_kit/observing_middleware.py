"""A middleware that reports every message of a client to the observers (`ci_mcp_kit.observing`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS
from pydantic import ValidationError

from ci_mcp_kit import observing, sdk_internals
from ci_mcp_kit.observing import OTHER, Operation

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
    from mcp.server.mcpserver import MCPServer

METHODS = frozenset({
    "initialize", "server/discover", "ping", "logging/setLevel", "completion/complete", "tools/list", "tools/call",
    "prompts/list", "prompts/get", "resources/list", "resources/templates/list", "resources/read",
    "resources/subscribe", "resources/unsubscribe", "subscriptions/listen", "notifications/initialized",
    "notifications/cancelled", "notifications/progress", "notifications/roots/list_changed",
})  # fmt: skip
# https://www.w3.org/TR/trace-context/; in `_meta` by SEP-414 of the MCP specification (2026-07-28).
_HEADERS = ("traceparent", "tracestate")


def watch(server: MCPServer[Any], name: str, targets: Mapping[str, Collection[str]]) -> None:
    """Report every message that `server` receives, in place of the spans that the SDK makes itself.

    Args:
        server: the server.
        name: its name in reports.
        targets: method -> the names that are reported as they are ("tools/call": the tools).
    """
    sdk_internals.put_first_in_place_of_tracing(server, _Observing(name, targets))


class _Observing:
    def __init__(self, name: str, targets: Mapping[str, Collection[str]]) -> None:
        self._name = name
        self._targets = targets

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        if not observing.is_observed():
            return await call_next(ctx)
        operation = self._operation(ctx)
        with observing.operation(operation):
            try:
                return await call_next(ctx)
            except (MCPError, ValidationError) as error:
                operation.refused = error.error.code if isinstance(error, MCPError) else INVALID_PARAMS
                operation.outcome = str(operation.refused)
                raise
            except Exception as error:
                operation.outcome = type(error).__name__
                raise
            except BaseException:
                operation.outcome = observing.CANCELLED
                raise

    def _operation(self, ctx: ServerRequestContext[Any, Any]) -> Operation:
        names = self._targets.get(ctx.method)
        name = (ctx.params or {}).get("name")
        known = isinstance(name, str) and name in (names or ())
        # The trace headers of the message, or of the HTTP request that it came in.
        carriers: list[Mapping[str, Any]] = [ctx.meta or {}, ctx.request.headers if ctx.request is not None else {}]
        carrier = next((each for each in carriers if isinstance(each.get("traceparent"), str)), {})
        return Operation(
            server=self._name,
            method=ctx.method if ctx.method in METHODS else OTHER,
            target="" if names is None else str(name) if known else OTHER,
            protocol=ctx.protocol_version,
            number=None if ctx.request_id is None else str(ctx.request_id),
            over_http=ctx.request is not None,
            parent={name: value for name in _HEADERS if isinstance(value := carrier.get(name), str)},
            role=observing.role(),
        )
