"""The ASGI application in front of MCP servers: health, checks of Host, Origin and token, and the end of streams.

A server must check Origin (MCP specification 2026-07-28, basic/transports, "Security Warning" of streamable HTTP). The
checks here hold for every address; the SDK turns its own off for all but loopback addresses.
"""

from __future__ import annotations

import contextlib
import hmac
import re
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import INVALID_REQUEST
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import override

from ci_mcp_kit import observing
from ci_mcp_kit.http_invalid_bodies import checked
from ci_mcp_kit.sdk_internals import answering_with_json
from ci_mcp_kit.variables import unfilled_reference

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from mcp.server.mcpserver import MCPServer
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ci_mcp_kit.http_settings import HttpSettings

MAX_BODY = 2**20  # bytes of a request; the arguments of a call are small
MAX_OPEN = 100  # requests of a caller that are answered at once, streams among them
NO_OAUTH = "This server takes a fixed token, no OAuth: set the header Authorization: Bearer TOKEN in the client"
NO_ENDPOINT = "No MCP server has this path: URLs end in /mcp, or in /NAME/mcp for a server of a role, like /builds/mcp"
LISTEN = "subscriptions/listen"
# The paths of OAuth: RFC 8414 and RFC 9728 (metadata), and those that the MCP specification 2025-03-26 falls back to
# (basic/authorization, "Fallbacks for Servers without Metadata Discovery").
_OAUTH = re.compile(r"/\.well-known/(oauth|openid)|/(register|authorize|token)$")
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+))(?::[0-9]{1,5})?")


class Refused(Exception):
    """A request that is refused; the text is for its sender."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers

    def response(self) -> Response:
        """Return a JSON-RPC error that belongs to no request, as the SDK answers."""
        error = {"code": INVALID_REQUEST, "message": str(self)}
        return JSONResponse({"jsonrpc": "2.0", "id": None, "error": error}, self.status, self.headers)


class NotHere(Refused):
    """A request for a path at which there is no MCP server.

    Clients that try OAuth after a 401 look for its metadata and register themselves by paths of their own making. They
    show the user the description of an error in the form of OAuth (RFC 6749, section 5.2), and no other text.
    """

    def __init__(self, message: str) -> None:
        super().__init__(404, message)

    @override
    def response(self) -> Response:
        return JSONResponse({"error": "invalid_request", "error_description": str(self)}, self.status)


class HttpApp:
    """The ASGI application of a process.

    Args:
        settings: the names by which it may be called.
        endpoints: matches the paths of MCP servers.
        route: returns the application that answers a request for such a path, or raises `Refused`.
        ready: returns whether requests can be answered.
    """

    def __init__(
        self,
        settings: HttpSettings,
        endpoints: re.Pattern[str],
        route: Callable[[Request, re.Match[str]], Awaitable[ASGIApp]],
        ready: Callable[[], bool] = lambda: True,
    ) -> None:
        self._names = settings.address.names | set(settings.hosts)
        self._endpoints = endpoints
        self._route = route
        self._ready = ready
        self._draining = anyio.Event()

    def drain(self) -> None:
        """Report not ready from now on, and end the streams that would never end by themselves."""
        self._draining.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        # White space around a header's value is no part of it (RFC 9110, section 5.5). Not all HTTP parsers remove it,
        # and the SDK compares headers like Mcp-Name with the body as they are.
        scope = {**scope, "headers": [(name, value.strip(b" \t")) for name, value in scope["headers"]]}
        answer = await self._answer(Request(scope))
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> ASGIApp:
        path = request.scope["path"]
        if path in {"/healthz", "/readyz"}:  # a prober uses the IP address as Host, and has no token
            # While it drains, it is not ready but alive: it must get no new requests, and must not be restarted.
            is_ready = self._ready() and not self._draining.is_set()
            return Response("ok\n") if path == "/healthz" or is_ready else Response("not ready\n", 503)
        try:
            check_names(request, self._names)
            match = self._endpoints.fullmatch(path)
            if match is None:
                raise NotHere(NO_OAUTH if _OAUTH.search(path) else NO_ENDPOINT)
            check_method(request)
            app = await self._route(request, match)
        except Refused as refused:
            observing.refusal(refused.status)
            return refused.response()
        if request.headers.get("mcp-method") != LISTEN:
            return app

        async def stream(scope: Scope, receive: Receive, send: Send) -> None:
            await end_with(self._draining, app, scope, receive, send)

        return stream


def check_names(request: Request, names: frozenset[str] | set[str]) -> None:
    """Refuse a request for another host, or one that a page of another origin made a browser send."""
    # One Host only: with two of them a proxy may have looked at the other one (RFC 9112, section 3.2).
    hosts = request.headers.getlist("host")
    match = _HOST.fullmatch(hosts[0].lower()) if len(hosts) == 1 else None
    if match is None or (match[1] or match[2]) not in names:
        # RFC 9110, section 15.5.20: misdirected request.
        raise Refused(421, "This server does not answer to that host name; DRONE_MCP_HTTP_HOSTS lists its names")
    for origin in request.headers.getlist("origin"):
        is_ours = False
        with contextlib.suppress(ValueError):
            url = urlsplit(origin)
            is_ours = url.scheme in {"http", "https"} and (url.hostname or "") in names
        if not is_ours:
            raise Refused(403, "Requests from pages of other sites are refused")


def check_method(request: Request) -> None:
    """Refuse all methods but POST: a server without sessions has no stream to GET and none to DELETE."""
    if request.method != "POST":
        raise Refused(405, "This server answers POST only", {"Allow": "POST"})


def bearer(request: Request) -> str:
    """Return the bearer token of a request.

    Raises:
        Refused: there is none, or more than one.
    """
    values = request.headers.getlist("authorization")
    scheme, _, token = values[0].partition(" ") if len(values) == 1 else ("", "", "")
    if scheme.lower() != "bearer":
        raise unauthorized("Send the header Authorization: Bearer TOKEN")
    check_filled_in("Authorization", token.strip())
    return token.strip()


def check_filled_in(header: str, token: str) -> None:
    """Refuse what clients send where the variable with the token is not set: a reference to it, or nothing.

    Raises:
        Refused: `token` is empty or such a reference.
    """
    reference = unfilled_reference(token)
    if reference or not token:
        held = f"holds a reference that was not filled in ({reference})" if reference else "holds no token"
        raise unauthorized(
            f"The header {header} {held}. Tell the user to set the variable that the token comes from where the client "
            "is started, and to start it again"
        )


def unauthorized(message: str) -> Refused:
    """Return the refusal of a caller without a valid token (RFC 6750, section 3)."""
    described = f'Bearer realm="drone-mcp", error="invalid_token", error_description="{NO_OAUTH}"'
    return Refused(401, message, {"WWW-Authenticate": described})


def check_bearer(request: Request, settings: HttpSettings) -> None:
    """Refuse a caller without the token that the process requires, if it requires one."""
    if not settings.is_guarded:
        return
    given, expected = bearer(request), settings.secrets()
    # Takes the same time for every wrong token, so that nobody can find one character by character.
    if not any(hmac.compare_digest(given.encode(), secret.encode()) for secret in expected):
        raise unauthorized("This token is not the one that this server takes")


class OpenRequests:
    """Counts the requests of each caller that are being answered."""

    def __init__(self, most: int = MAX_OPEN) -> None:
        self._most = most
        self._count: Counter[str] = Counter()

    @contextlib.contextmanager
    def counted(self, caller: str = "") -> Iterator[None]:
        """Count a request during the block.

        Raises:
            Refused: this caller has too many.
        """
        if self._count[caller] >= self._most:
            message = f"{self._most} requests of yours are being answered: wait for one, or end a stream"
            raise Refused(429, message, {"Retry-After": "5"})
        self._count[caller] += 1
        try:
            yield
        finally:
            self._count[caller] -= 1
            if not self._count[caller]:
                del self._count[caller]


@contextlib.asynccontextmanager
async def hosted(server: MCPServer[Any]) -> AsyncIterator[ASGIApp]:
    """Run an MCP server for as long as the block takes; yields the application that answers its requests, in both eras.

    A call is answered with a stream of events, so that it can report progress, or with one JSON text if the client
    accepts nothing else. Nothing is kept between requests.
    """
    # `HttpApp` has checked Host and Origin already, by its own names.
    checked_before = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    server.streamable_http_app(stateless_http=True, max_request_body_size=MAX_BODY, transport_security=checked_before)
    manager = server.session_manager
    async with manager.run():
        with_stream, with_json = manager.asgi_app, answering_with_json(manager)

        async def negotiated(scope: Scope, receive: Receive, send: Send) -> None:
            accepted = Request(scope).headers.getlist("accept")
            json_accepted, stream_accepted = (
                accepts("application/json", accepted),
                accepts("text/event-stream", accepted),
            )
            app: ASGIApp = with_stream if stream_accepted and any(accepted) else with_json
            if not (json_accepted or stream_accepted):
                app = Refused(406, "Send the header Accept: application/json, text/event-stream").response()
            elif app is with_json and Request(scope).headers.get("mcp-method") == LISTEN:
                app = Refused(406, f"{LISTEN} is answered with a stream: accept text/event-stream").response()
            # The SDK refuses every client that does not name both.
            others = [(name, value) for name, value in scope["headers"] if name != b"accept"]
            headers = [*others, (b"accept", b"application/json, text/event-stream")]
            await app({**scope, "headers": headers}, receive, send)

        yield checked(negotiated, MAX_BODY)


def accepts(media_type: str, headers: list[str]) -> bool:
    """Return whether a client accepts a media type, by its Accept headers (RFC 9110, section 12.5.1); none: it does."""
    ranges: dict[str, bool] = {}
    for part in ",".join(headers).split(","):
        name, *parameters = (text.strip().lower() for text in part.split(";"))
        if name:
            ranges[name] = not any(re.fullmatch(r"q\s*=\s*0(\.0*)?", parameter) for parameter in parameters)
    matching = (media_type, f"{media_type.partition('/')[0]}/*", "*/*")  # the most specific one counts
    return next((ranges[name] for name in matching if name in ranges), not ranges)


async def end_with(event: anyio.Event, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Run `app`; if `event` is set before it has ended, cancel it and end its response in order."""
    is_open = False

    async def watched(message: Message) -> None:
        nonlocal is_open
        is_open = message["type"] == "http.response.start" or bool(message.get("more_body"))
        await send(message)

    async with anyio.create_task_group() as group:

        async def wait() -> None:
            await event.wait()
            group.cancel_scope.cancel()

        group.start_soon(wait)
        await app(scope, receive, watched)
        group.cancel_scope.cancel()
    # Without a last chunk the client would take the stream for broken off (RFC 9112, section 8).
    if is_open:
        await send({"type": "http.response.body", "body": b"", "more_body": False})
