"""The HTTP face of a world: `create_app(world)`."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount

from drone_mcp_simulator import routing
from drone_mcp_simulator.faults import FaultMiddleware
from drone_mcp_simulator.permissions import ORG_NEEDS, REPO_NEEDS, refuse_org, refuse_repo, refuse_user
from drone_mcp_simulator.routes import ROUTES
from drone_mcp_simulator.routes.web import PlainRefusal
from drone_mcp_simulator.routing import Ask, Refusal, Route
from drone_mcp_simulator.world import Asked, NoRows, World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from drone_mcp_simulator.records import User

NO_CACHE = {
    "cache-control": "no-cache, no-store, must-revalidate, private, max-age=0",
    "expires": "Thu, 01 Jan 1970 00:00:00 UTC",
    "pragma": "no-cache",
    "x-accel-expires": "0",
}
# Go sends a longer body in chunks, so that its length is not known beforehand.
CHUNKED_ABOVE = 2048
WEB = {"x-frame-options": "DENY", "x-xss-protection": "1; mode=block"}


def create_app(world: World) -> Starlette:
    """Serve a world. Its time line plays while the app's lifespan lasts (see `World.running`)."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with world.running():
            yield

    middleware = [
        Middleware(Recorder, world=world),
        Middleware(FaultMiddleware, faults=world.faults, clock=world.clock),
    ]
    return Starlette(routes=[Mount("/", app=Drone(world))], middleware=middleware, lifespan=lifespan)


def caller(world: World, request: Request) -> User | None:
    """Who asks: a bad header beats a good parameter, and an unknown token is a guest's (`session/session.go`)."""
    header = request.headers.get("authorization", "")
    token = header.removeprefix("Bearer ") if header else request.query_params.get("access_token", "")
    return world.user_by_token(token)


class Recorder:
    """Writes down what was asked and the status it got (0: none), tokens left out, faults included."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self.app = app
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Record one request; not those to the simulator itself."""
        if scope["type"] != "http" or scope["path"].startswith("/_simulator/"):
            await self.app(scope, receive, send)
            return
        asked = self._asked(Request(scope))
        self.world.requests.append(asked)

        async def noting(message: Message) -> None:
            asked.status = message.get("status", asked.status)
            await send(message)

        await self.app(scope, receive, noting)

    def _asked(self, request: Request) -> Asked:
        query = "&".join(part for part in request.url.query.split("&") if not part.startswith("access_token="))
        user = caller(self.world, request)
        return Asked(request.method, request.url.path, query, user.login if user else None)


class Drone:
    """An ASGI app that answers as a Drone server in the state of `world`."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        response = await self._answer(request, caller(self.world, request))
        for name, value in _headers(request.url.path).items():
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
        ask = Ask(self.world, request, params, user, query=routing.first_values(request.url.query))
        try:
            _check(ask, row)
            await _read_body(ask)
            response = await row.handler(ask)
        except PlainRefusal as refusal:
            return Response(refusal.message + "\n", refusal.status, {"content-type": "text/plain; charset=utf-8"})
        except Refusal as refusal:
            return routing.refuse(refusal.status, refusal.message)
        except NoRows as missing:
            return routing.refuse(404, str(missing))
        await self.world.deliver()
        return response


def _check(ask: Ask, row: Route) -> None:
    if row.need in REPO_NEEDS:
        ask.repo_found = ask.world.repos.get(f"{ask.params['owner']}/{ask.params['name']}")
        perm = ask.world.perm(ask.repo_found, ask.user) if ask.repo_found else None
        refusal = refuse_repo(row.need, ask.user, ask.repo_found, perm)
    elif row.need in ORG_NEEDS:
        refusal = refuse_org(ask.user, ask.params.get("namespace", ""))
    else:
        refusal = refuse_user(row.need, ask.user)
    if refusal:
        raise Refusal(*refusal)


async def _read_body(ask: Ask) -> None:
    ask.body = await ask.request.body()
    kind = ask.request.headers.get("content-type", "")
    if kind.startswith("application/x-www-form-urlencoded"):
        ask.form = routing.first_values(ask.body.decode("utf-8", "replace"))


def _headers(path: str) -> dict[str, str]:
    if path.startswith("/api/"):
        return {**NO_CACHE, "vary": "Origin"}
    if path == "/healthz" or path.startswith("/_simulator/"):
        return NO_CACHE
    return {**NO_CACHE, **WEB}
