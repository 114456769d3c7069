"""The HTTP server of a simulated Coder: `create_app(world)`."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from ci_mcp_simulator import application
from ci_mcp_simulator import serving as sockets
from coder_simulator import changes, proxy
from coder_simulator.answers import PageRefusal, Refusal, to_json
from coder_simulator.records import User
from coder_simulator.requests import Ask, count, identify, read_body, read_query
from coder_simulator.routes import ROUTES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.applications import Starlette
    from starlette.types import Receive, Scope, Send

    from coder_simulator.world import World

NOBODY = User("", "")
REPORTS = "/api/v2/workspaceagents/me/app-status"


def create_app(world: World) -> Starlette:
    """Return an app that serves a world, in which time passes during the app's lifespan."""
    return application.create_app(world, {"/": Coder(world)})


@asynccontextmanager
async def serving(world: World, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve a world on a socket during the block; yield its address. Port 0 selects a free port."""

    def make_app(authority: str) -> Starlette:
        world.access_url = f"http://{authority}"
        return create_app(world)

    async with sockets.serving(make_app, host, port) as url:
        yield url


class Coder:
    """An ASGI app that responds like Coder in the state of `world`."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        limits: dict[str, str] = {}
        try:
            response = await self._answer(request, limits)
        except (Refusal, PageRefusal) as refusal:
            response = refusal.response()
        for name, value in limits.items():
            response.headers.setdefault(name, value)
        response.headers["x-coder-build-version"] = self.world.version
        response.headers["set-cookie"] = "csrf_token=CSRF; Path=/; HttpOnly; SameSite=Lax"
        await response(scope, receive, send)

    async def _answer(self, request: Request, limits: dict[str, str]) -> Response:
        world, path = self.world, request.url.path
        if path == "/api/v2/buildinfo":
            limits.update(count(world, NOBODY, path))
            return to_json(self._describe_build())
        if path == REPORTS:
            token = request.headers.get("coder-session-token", "")
            ask = Ask(world, request, NOBODY, "", body=await read_body(request))
            return changes.report_status(ask, token)
        found = proxy.PATH.fullmatch(path)
        try:
            user, token = identify(world, request)
        except Refusal:
            limits.update(count(world, NOBODY, path))
            if found is None:
                raise
            return proxy.redirect_to_login(world, path)
        request.scope["recorded"].user = user.name
        limits.update(count(world, user, path))
        if found is not None:
            return proxy.answer(world, user, token, request.method, found, await read_body(request))
        return await self._route(request, user, token)

    async def _route(self, request: Request, user: User, token: str) -> Response:
        matching = [
            (method, handler, match)
            for method, pattern, handler in ROUTES
            if (match := pattern.fullmatch(request.url.path))
        ]
        if not matching:
            raise Refusal(404, "Route not found.")
        for method, handler, match in matching:
            if method == request.method:
                body, query = await read_body(request), read_query(request)
                return handler(Ask(self.world, request, user, token, match.groupdict(), query, body))
        return Response(status_code=405)

    def _describe_build(self) -> dict[str, object]:
        return {
            "external_url": "https://github.com/coder/coder",
            "version": self.world.version,
            "dashboard_url": self.world.access_url,
            "telemetry": False,
            "workspace_proxy": False,
            "agent_api_version": "1.0",
            "provisioner_api_version": "1.18",
            "upgrade_message": "",
            "deployment_id": self.world.organization,
            "webpush_public_key": "",
        }
