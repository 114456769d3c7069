"""The HTTP application around a simulated service: it records requests, injects faults, and lets time pass."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Mount

from ci_mcp_simulator.faults import FaultMiddleware
from ci_mcp_simulator.world import RecordedRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ci_mcp_simulator.world import SimulatedWorld

OWN_ROUTES = "/_simulator/"  # by which a simulator itself is controlled


def record_as_sent(request: Request) -> RecordedRequest:
    """Return the record of a request, its path as it was sent. The service adds the user when it has found it."""
    path = request.scope["raw_path"].decode("ascii", "replace")
    return RecordedRequest(request.method, path, request.url.query, has_cookie="cookie" in request.headers)


def create_app(
    world: SimulatedWorld,
    services: dict[str, ASGIApp],
    record: Callable[[Request], RecordedRequest] = record_as_sent,
) -> Starlette:
    """Return an app that serves a world's services by their path, and in whose lifespan the world's time passes."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with world.running():
            yield

    middleware = [
        Middleware(Recorder, requests=world.requests, record=record),
        Middleware(FaultMiddleware, faults=world.faults, clock=world.clock),
    ]
    routes = [Mount(path, app=service) for path, service in services.items()]
    return Starlette(routes=routes, middleware=middleware, lifespan=lifespan)


class Recorder:
    """Records every request and the status and size of its response, faults included."""

    def __init__(
        self, app: ASGIApp, requests: list[RecordedRequest], record: Callable[[Request], RecordedRequest]
    ) -> None:
        self.app = app
        self.requests = requests
        self.record = record

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Record one request, unless it is for the simulator's own routes."""
        if scope["type"] != "http" or scope["path"].startswith(OWN_ROUTES):
            await self.app(scope, receive, send)
            return
        recorded = self.record(Request(scope))
        self.requests.append(recorded)
        scope["recorded"] = recorded

        async def send_and_record(message: Message) -> None:
            recorded.status = message.get("status", recorded.status)
            recorded.sent += len(message.get("body", b""))
            await send(message)

        await self.app(scope, receive, send_and_record)
