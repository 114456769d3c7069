"""The names of what a server offers, and the protocol error for any other name, which lists the known ones.

The specification has a JSON-RPC error for an unknown tool, prompt or resource (MCP 2026-07-28, server/tools, "Error
Handling"). The SDK (2.3.0) answers an unknown tool with a failed call, an unknown prompt with an internal error and an
unknown cursor with the first page, and it completes arguments of anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from mcp import UriTemplate
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, PromptReference
from mcp.types.version import MODERN_PROTOCOL_VERSIONS

from ci_mcp_kit.errors import NotFound
from ci_mcp_kit.outgoing_text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
    from mcp.types import ResourceTemplateReference

RESOURCE_NOT_FOUND = -32002  # until 2025-11-25; since then INVALID_PARAMS (SEP-2164)


@dataclass(frozen=True)
class Offer:
    """The names of what a server offers, in the order in which it lists them.

    Attributes:
        tools: their names.
        prompts: their names.
        resources: their addresses, and templates of addresses.
    """

    tools: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()

    async def refuse_unknown(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Refuse a request for an unknown name. This is a middleware of the SDK's server."""
        params = ctx.params or {}
        if ctx.method == "tools/call":
            _check_name("tool", params.get("name"), self.tools)
        elif ctx.method == "prompts/get":
            _check_name("prompt", params.get("name"), self.prompts)
        elif ctx.method.endswith("/list") and isinstance(params.get("cursor"), str) and params["cursor"]:
            raise MCPError(INVALID_PARAMS, "There is no such page: each list has one, and none of them gives a cursor")
        elif ctx.method == "resources/read":
            return await self._read(ctx, call_next)
        elif ctx.method == "resources/subscribe" and not self.has_resource(params.get("uri")):
            raise MCPError(INVALID_PARAMS, _describe_unknown("resource", str(params["uri"]), self.resources))
        elif ctx.method == "subscriptions/listen":
            return await call_next(replace(ctx, params=self._narrow_listen(params)))
        return await call_next(ctx)

    def _narrow_listen(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Leave out the resources that are not offered: the acknowledgement says which ones are watched."""
        asked = params.get("notifications")
        uris = asked.get("resourceSubscriptions") if isinstance(asked, dict) else None
        if not isinstance(asked, dict) or not isinstance(uris, list):
            return params
        kept = [uri for uri in uris if self.has_resource(uri)]
        return {**params, "notifications": {**asked, "resourceSubscriptions": kept}}

    def has_resource(self, uri: object) -> bool:
        """Return whether a resource or template has this address; a value that is no text is left to the SDK."""
        return not isinstance(uri, str) or any(
            _read_template(address).match(uri) is not None for address in self.resources
        )

    def check_reference(self, reference: PromptReference | ResourceTemplateReference) -> None:
        """Check the prompt or resource whose argument a client wants completed.

        Raises:
            MCPError: it is not offered.
        """
        if isinstance(reference, PromptReference):
            _check_name("prompt", reference.name, self.prompts)
        else:
            _check_name("resource", reference.uri, self.resources)

    async def _read(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        try:
            return await call_next(ctx)
        except MCPError as error:
            data = error.data if error.code == INVALID_PARAMS and isinstance(error.data, dict) else {}
            if data.keys() == {"uri"}:  # from the SDK: no such resource or template
                message = _describe_unknown("resource", data["uri"], self.resources)
            elif data.get("code") == NotFound.code:
                message = error.message
            else:
                raise
            # Clients of the older versions tell a missing resource from a bad request by this code.
            code = INVALID_PARAMS if ctx.protocol_version in MODERN_PROTOCOL_VERSIONS else RESOURCE_NOT_FOUND
            raise MCPError(code, message, data) from error


@cache
def _read_template(address: str) -> UriTemplate:
    return UriTemplate.parse(address)


def _check_name(kind: str, name: object, known: Sequence[str]) -> None:
    """Raise MCPError for an unknown name; a value that is no text is left to the SDK's own checks."""
    if isinstance(name, str) and name not in known:
        raise MCPError(INVALID_PARAMS, _describe_unknown(kind, name, known))


def _describe_unknown(kind: str, name: str, known: Sequence[str]) -> str:
    offered = f"the {kind}s are {', '.join(known)}" if known else f"this server has no {kind}s"
    return f"There is no {kind} {one_line(name, 80)!r}; {offered}"
