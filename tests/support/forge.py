"""A made-up service behind `ci_mcp_http`: the forge has a code, variables and a token header of its own."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from ci_mcp_http.call import Call
from ci_mcp_http.gateways import find_gateway_error
from ci_mcp_http.options import ClientOptions
from ci_mcp_http.response import Response, json_parser, parse_body
from ci_mcp_http.transport import Transport
from ci_mcp_kit.errors import AuthenticationFailed, NotFound, Service, ServiceError, ServiceFailed
from support.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SERVER = "https://forge.example.com"
TOKEN = "t0ken-that-nobody-may-see"

FORGE = Service(
    name="Forge",
    code="FORGE_ERROR",
    address="FORGE_URL",
    token="FORGE_TOKEN",
    token_file="FORGE_TOKEN_FILE",
    token_source="an access token from the settings page of the forge",
    ca_file="FORGE_CA_FILE",
    max_body="FORGE_MAX_BODY",
)


def forge_header(token: str) -> tuple[str, str]:
    return "X-Forge-Token", f"forge {token}"


def read_json(call: Call[Any], response: Response) -> Any:
    if response.is_success and not response.is_web_page:
        return parse_body(json_parser(dict[str, Any]), response, call.subject, FORGE)
    kinds: dict[int, type[ServiceError]] = {401: AuthenticationFailed, 404: NotFound}
    kind = kinds.get(response.status, ServiceFailed)
    raise find_gateway_error(call, response, FORGE, {"project": call.scope}) or kind(
        f"The forge says {response.status}", status=response.status, service=FORGE
    )


def make_call(operation: str, method: str, path: str, template: str, **more: Any) -> Call[dict[str, Any]]:
    subject = f"issue 7 of octo/hello ({operation})"
    return Call(
        operation=operation,
        subject=subject,
        method=method,
        path=path,
        template=template,
        read=read_json,
        scope="octo/hello",
        **more,
    )


ISSUE_PATH, COMMENTS_PATH = "/issues/7", "/issues/7/comments"
READ = make_call("issues.get", "GET", ISSUE_PATH, "/issues/{number}")
CLOSE = make_call("issues.close", "PUT", ISSUE_PATH, "/issues/{number}", body={"state": "closed"}, writes=True)
COMMENT = make_call(
    "comments.create", "POST", COMMENTS_PATH, "/issues/{number}/comments", writes=True, idempotent=False
)
SLOW = make_call("issues.export", "GET", ISSUE_PATH, "/issues/{number}", min_timeout=60.0)
EVENTS = make_call("events.follow", "GET", "/events", "/events")


class ForgeClock(FakeClock):
    @asynccontextmanager
    async def transport(self, *, gate: Any = None, network: Any = None, **options: Any) -> AsyncIterator[Transport]:
        token = {} if "token_file" in options else {"token": TOKEN}
        given = ClientOptions(**{"service": FORGE, "server": SERVER, "token_header": forge_header, **token, **options})
        transport = Transport(given, gate=gate, clock=self.functions(), network=network)
        try:
            yield transport
        finally:
            await transport.aclose()
