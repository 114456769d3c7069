"""The HTTP server of a simulated Jenkins: `create_app(world)`."""

from __future__ import annotations

from contextlib import asynccontextmanager
from email.utils import formatdate
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import RedirectResponse

from ci_mcp_simulator import application
from ci_mcp_simulator import serving as sockets
from jenkins_mcp_simulator import pages
from jenkins_mcp_simulator.requests import ANONYMOUS, Ask, identify, read_values, split_path
from jenkins_mcp_simulator.routes import answer
from jenkins_mcp_simulator.trigger_parameters import Refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.applications import Starlette
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from jenkins_mcp_simulator.world import World

LONGEST_LINE = 8192  # bytes of a request line; Jetty answers 414 beyond


def create_app(world: World) -> Starlette:
    """Return an app that serves a world, in which time passes during the app's lifespan."""
    return application.create_app(world, {"/": Jenkins(world)})


@asynccontextmanager
async def serving(world: World, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve a world on a socket during the block; yield its address with the prefix. Port 0 selects a free port."""

    def make_app(authority: str) -> Starlette:
        world.root_url = f"http://{authority}{world.prefix}/"
        return create_app(world)

    async with sockets.serving(make_app, host, port, date_header=False) as url:
        yield url + world.prefix


class Jenkins:
    """An ASGI app that responds like Jenkins in the state of `world`."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        path = str(scope["raw_path"].decode("ascii", "replace"))
        try:
            response = await self._answer(request, path)
        except pages.PageResponse as page:
            response = page.response()
        except Refused:
            digits = self.world.derive_hex("oops", len(self.world.requests))
            logging_id = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))
            response = pages.oops(500, logging_id).response()
        response.headers["date"] = formatdate(self.world.now(), usegmt=True)
        response.headers["x-content-type-options"] = "nosniff"
        response.headers["server"] = "Jetty(12.1.4)"
        await response(scope, receive, send)

    async def _answer(self, request: Request, path: str) -> Response:
        if len(path) + len(request.url.query) > LONGEST_LINE:
            raise pages.container_page(414, "URI Too Long", path)
        if self.world.now() < self.world.starting_until:
            raise pages.starting()
        segments = split_path(path, self.world.prefix)
        if segments is None:
            raise pages.container_page(404, "Not Found", path)
        if path == self.world.prefix:
            return RedirectResponse(f"{path}/", 301)
        user, by_token = identify(self.world, request, path)
        request.scope["recorded"].user = user.name
        ask = Ask(self.world, request, segments, user, by_token)
        if ask.method == "POST" and user is ANONYMOUS:
            ask.need_post()  # a crumb is asked for before any permission
        await read_values(ask)
        return answer(ask)
