"""The HTTP server of a world: `create_app(world)`."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from ci_mcp_simulator import application
from ci_mcp_simulator import serving as sockets
from ci_mcp_simulator.world import RecordedRequest
from drone_mcp_simulator import routing
from drone_mcp_simulator.permissions import ORG_LEVELS, REPO_LEVELS, refuse_org, refuse_repo, refuse_user
from drone_mcp_simulator.routes import ROUTES
from drone_mcp_simulator.routes.web import PlainErrorResponse
from drone_mcp_simulator.routing import ErrorResponse, RequestContext, Route
from drone_mcp_simulator.world import NoRows, World
from gitea_simulator.app import Forge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.applications import Starlette
    from starlette.types import Receive, Scope, Send

    from drone_mcp_simulator.records import User

NO_CACHE = {
    "cache-control": "no-cache, no-store, must-revalidate, private, max-age=0",
    "expires": "Thu, 01 Jan 1970 00:00:00 UTC",
    "pragma": "no-cache",
    "x-accel-expires": "0",
}
# Go's `net/http` sends a longer body in chunks, without Content-Length.
CHUNKED_ABOVE = 2048
WEB = {"x-frame-options": "DENY", "x-xss-protection": "1; mode=block"}


def create_app(world: World) -> Starlette:
    """Return an app that serves a world, whose timeline plays during the app's lifespan (see `World.running`)."""

    def record(request: Request) -> RecordedRequest:
        query = "&".join(part for part in request.url.query.split("&") if not part.startswith("access_token="))
        user = find_caller(world, request)
        return RecordedRequest(request.method, request.url.path, query, user.login if user else None)

    return application.create_app(world, {"/forge": Forge(world.forge), "/": Drone(world)}, record)


@asynccontextmanager
async def serving(world: World, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve `world` on a socket during the block; yield its URL. Port 0 selects a free port."""

    def make_app(authority: str) -> Starlette:
        world.addresses.host = authority
        world.forge.url = world.addresses.forge
        return create_app(world)

    async with sockets.serving(make_app, host, port, world.hub.close) as url:
        yield url


def find_caller(world: World, request: Request) -> User | None:
    """Return the user of the token, None for a guest.

    The header wins over the parameter even if its token is unknown; an unknown token counts as a guest
    (harness/drone v2.25.0, `session/session.go`).
    """
    header = request.headers.get("authorization", "")
    token = header.removeprefix("Bearer ") if header else request.query_params.get("access_token", "")
    return world.find_user_by_token(token)


class Drone:
    """An ASGI app that responds like a Drone server in the state of `world`."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        response = await self._answer(request, find_caller(self.world, request))
        for name, value in _default_headers(request.url.path).items():
            response.headers.setdefault(name, value)
        if int(response.headers.get("content-length", 0)) > CHUNKED_ABOVE:
            del response.headers["content-length"]
        await response(scope, receive, send)

    async def _answer(self, request: Request, user: User | None) -> Response:
        found = routing.find(ROUTES, request.method, request.url.path)
        if found == 404:  # noqa: PLR2004 - an HTTP status
            return routing.page_not_found()
        if isinstance(found, int):
            return Response(status_code=found)
        row, params = found
        ctx = RequestContext(self.world, request, params, user, query=routing.first_values(request.url.query))
        try:
            _check_access(ctx, row)
            ctx.body = await request.body()
            if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
                ctx.form = routing.first_values(ctx.body.decode("utf-8", "replace"))
            response = await row.handler(ctx)
        except PlainErrorResponse as refusal:
            return routing.answer_plain_error(refusal.status, refusal.message)
        except ErrorResponse as refusal:
            return routing.answer_error(refusal.status, refusal.message)
        except NoRows as missing:
            return routing.answer_error(404, str(missing))
        await self.world.deliver()
        return response


def _check_access(ctx: RequestContext, row: Route) -> None:
    if row.level in REPO_LEVELS:
        ctx.repo_found = ctx.world.repos.get(f"{ctx.params['owner']}/{ctx.params['name']}")
        perm = ctx.world.find_perm(ctx.repo_found, ctx.user) if ctx.repo_found else None
        refusal = refuse_repo(row.level, ctx.user, ctx.repo_found, perm)
    elif row.level in ORG_LEVELS:
        refusal = refuse_org(ctx.user, ctx.params.get("namespace", ""))
    else:
        refusal = refuse_user(row.level, ctx.user)
    if refusal:
        raise ErrorResponse(*refusal)


def _default_headers(path: str) -> dict[str, str]:
    if path.startswith("/api/"):
        return {**NO_CACHE, "vary": "Origin"}
    if path == "/metrics":
        return {}
    if path == "/healthz" or path.startswith("/_simulator/"):
        return NO_CACHE
    return {**NO_CACHE, **WEB}
